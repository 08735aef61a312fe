import { type Html, html } from '../html.ts'
import { LOGO } from './icons.ts'
import { type Frame, notice, page } from './layout.ts'

/** The first page of all. `problem` and `news` are sentences to show above the form. */
export function loginPage(
  frame: Frame,
  { login = '', problem, news }: { login?: string; problem?: string; news?: string },
): Html {
  const { texts } = frame
  const { login: words } = texts
  return page(frame, {
    title: words.title,
    shape: 'bare',
    ahead: 'desk.ts',
    body: html`<div class="card narrow">
<div class="hello">${LOGO}<h1>${texts.product}</h1></div>
<p class="lead">${words.lead}</p>
${notice('bad', problem)}${notice('good', news)}
<form method="post" action="/login" class="stack">
<label for="login">${words.login}</label>
<input id="login" name="login" value="${login}" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="64" ${login === '' && html`autofocus`}>
<label for="password">${words.password}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required ${login !== '' && html`autofocus`}>
<button class="main">${words.submit}</button>
</form>
<p class="fine">${words.help}</p>
</div>`,
  })
}
