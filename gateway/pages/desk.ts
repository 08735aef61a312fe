import { CLIPBOARD } from '../../config/clipboard.ts'
import { type Html, html } from '../html.ts'
import type { Texts } from '../texts/texts.ts'
import { ICONS, LOGO } from './icons.ts'
import { type Frame, page, token } from './layout.ts'
import type { SentStatus } from './status.ts'

export interface Desk {
  readonly status: SentStatus
  readonly formToken: string
  /** The session's mark. */
  readonly session: string
  readonly name: string
  /** The most that the screen may have. */
  readonly pixels: number
  /** Close codes of the screen's websocket by meaning, for the script. */
  readonly closed: Readonly<Record<string, number>>
}

/**
 * The window of a desktop: the bar, the screen, and over the screen a card that says what goes on while there is no
 * picture. It is complete without a script: the card then looks again by itself.
 */
export function deskPage(frame: Frame, { status, formToken, session, name, pixels, closed }: Desk): Html {
  const { desktop, progress } = frame.texts
  return page(frame, {
    title: desktop.title,
    shape: 'desk',
    script: 'desk.ts',
    refresh: status.state === 'ready' ? undefined : 3,
    body: html`<div class="desk" id="desk" data-token="${formToken}" data-session="${session}" data-pixels="${pixels}" data-clipboard="${CLIPBOARD.longest}" data-closed="${JSON.stringify(closed)}" data-status="${JSON.stringify(status)}">
${toolbar(frame, formToken, name)}
<div class="warning" id="warning" role="alert" hidden data-text="${desktop.idle}" data-soon="${desktop.idleSoon}" data-minutes="${desktop.idleMinutes}"><span></span>
<button type="button" id="keep" class="main">${desktop.keep}</button></div>
<div class="warning" id="notice" role="alert" hidden><span id="notice-text"></span>
<button type="button" id="notice-close">${desktop.understood}</button></div>
<div class="warning" id="home-notices" role="alert" hidden><div id="home-notices-list" class="notices"></div>
<button type="button" id="home-notices-close">${desktop.understood}</button></div>
<main class="stage" id="stage">
<div id="screen" class="screen" role="application" aria-label="${desktop.screen}"></div>
<div class="overlay" id="overlay"><section class="card narrow" aria-live="polite">${LOGO}
<h1 id="status-title">${status.title}</h1>
<p id="status-text" class="${status.trouble ? 'trouble' : ''}">${status.text}</p>
<p id="status-more" class="place">${status.more}</p>
<ol class="steps" id="status-steps">${status.steps.map(({ text, state }) => html`<li class="${state}" ${state === 'now' && html`aria-current="step"`}>${text}</li>`)}</ol>
<noscript><p class="fine">${status.state === 'ready' ? desktop.noscript : progress.noscript}</p></noscript>
<p class="actions">
<button type="button" class="main" id="act" hidden data-take="${desktop.takeBack}" data-connect="${desktop.connect}" data-files="${desktop.files}"></button>
<a class="button" id="go" hidden data-login="${desktop.login}" data-choose="${desktop.choose}" href="/desktop"></a></p>
<form method="post" action="/desktop/stop" id="give-up" class="give-up" ${status.state === 'ready' && html`hidden`}>${token(formToken)}
<button class="quiet" id="give-up-text" data-waiting="${frame.texts.waiting.cancel}" data-coming="${progress.cancel}">${status.state === 'waiting' ? frame.texts.waiting.cancel : progress.cancel}</button></form>
</section></div>
</main>
${clipboard(frame.texts)}${files(frame.texts)}${restart(frame.texts, formToken)}${sentences(frame.texts)}
</div>`,
  })
}

function toolbar({ texts, visitor }: Frame, formToken: string, name: string): Html {
  const { desktop, product, nav } = texts
  const tool = (id: string, icon: Html, text: string, more: Html | false = false) =>
    html`<button type="button" id="${id}" title="${text}" ${more}>${icon}<span>${text}</span></button>`
  return html`<header><h1 class="unseen">${desktop.title}</h1><div class="tools" id="tools" role="toolbar" aria-label="${desktop.toolbar}">
<a class="brand" href="/desktop" title="${product}">${LOGO}</a>
<span class="where"><b>${name}</b> <span id="where"></span></span>
${tool('full', ICONS.fullScreen, desktop.fullScreen, html`data-leave="${desktop.leaveFullScreen}" data-enter="${desktop.fullScreen}"`)}
${tool('clip', ICONS.clipboard, desktop.clipboard, html`aria-haspopup="dialog"`)}
${tool('cad', ICONS.keys, desktop.keys)}
<label class="tool" title="${desktop.size}">${ICONS.size}<span class="unseen">${desktop.size}</span><select id="size">
<option value="fit">${desktop.sizes.fit}</option><option value="scale">${desktop.sizes.scale}</option><option value="plain">${desktop.sizes.plain}</option></select></label>
${tool('files', ICONS.files, desktop.files, html`aria-haspopup="dialog"`)}
${tool('restart', ICONS.restart, desktop.restart, html`aria-haspopup="dialog"`)}
${visitor?.helper && html`<a class="tool" href="/helping" target="_blank" title="${nav.helping}">${ICONS.help}<span>${nav.helping}</span></a>`}
${tool('away', ICONS.disconnect, desktop.disconnect)}
<form method="post" action="/logout">${token(formToken)}<button title="${desktop.logout}">${ICONS.logout}<span>${desktop.logout}</span></button></form>
${tool('hide', ICONS.hide, desktop.hide, html`class="fold"`)}
</div><button type="button" class="show" id="show" title="${desktop.show}" hidden>${ICONS.show}<span class="unseen">${desktop.show}</span></button></header>`
}

const head = (id: string, title: string, close: string): Html =>
  html`<div class="head"><h2 id="${id}-title">${title}</h2><form method="dialog"><button class="quiet">${close}</button></form></div>`

const clipboard = ({
  desktop,
}: Texts): Html => html`<dialog id="clip-panel" aria-labelledby="clip-panel-title">
${head('clip-panel', desktop.clipboardTitle, desktop.close)}
<p id="clip-about">${desktop.clipboardText}</p>
<label class="unseen" for="clip-text">${desktop.clipboardLabel}</label>
<textarea id="clip-text" rows="6" aria-describedby="clip-about" spellcheck="false"></textarea>
<p class="notice bad" id="clip-said" role="alert" hidden></p>
<p class="actions"><button type="button" class="main" id="clip-send">${desktop.clipboardSend}</button>
<button type="button" id="clip-copy">${desktop.clipboardCopy}</button></p></dialog>`

const files = ({ desktop }: Texts): Html => html`<dialog id="files-panel" aria-labelledby="files-panel-title">
${head('files-panel', desktop.filesTitle, desktop.close)}
<p class="path"><button type="button" id="files-up" class="quiet">${desktop.filesUp}</button> <span id="files-path"></span></p>
<ul class="files" id="files-list"></ul>
<p id="files-about" class="fine"></p>
<div id="files-news" class="news" role="log" tabindex="0" aria-label="${desktop.filesNews}"></div>
<label class="button drop" for="files-send">${desktop.filesChoose}</label><input class="unseen" type="file" id="files-send" multiple></dialog>`

const restart = (
  { desktop }: Texts,
  formToken: string,
): Html => html`<dialog id="restart-panel" aria-labelledby="restart-panel-title">
${head('restart-panel', desktop.restartTitle, desktop.back)}
<p>${desktop.restartText}</p>
<form method="post" action="/desktop/restart" class="actions">${token(formToken)}
<button class="main">${desktop.restartYes}</button>
<button formaction="/desktop/stop">${desktop.stopYes}</button></form></dialog>`

/** What the script may have to say: it has no sentences of its own. */
const sentences = ({ desktop, progress }: Texts): Html => {
  const said = {
    connecting: desktop.connecting,
    reconnecting: desktop.reconnecting,
    takenTitle: desktop.takenTitle,
    takenText: desktop.takenText,
    againTitle: desktop.againTitle,
    againText: desktop.againText,
    awayTitle: desktop.awayTitle,
    awayText: desktop.awayText,
    endedTitle: desktop.endedTitle,
    endedText: desktop.endedText,
    slow: progress.slow,
    on: desktop.pc('{pc}'),
    clipLong: desktop.clipboardLong,
    clipLost: desktop.clipboardLost,
    empty: desktop.filesEmpty,
    failed: desktop.filesFailed,
    home: desktop.filesHome,
    sending: desktop.filesSending,
    sent: desktop.filesSent,
    there: desktop.filesThere,
    long: desktop.filesLong,
    broken: desktop.filesBroken,
    folder: desktop.filesFolder,
    noFile: desktop.filesNone,
    badName: desktop.filesBadName,
    notHere: desktop.filesNotHere,
    full: desktop.filesFull,
    delete: desktop.filesDelete,
    deleteYes: desktop.filesDeleteYes,
    deleted: desktop.filesDeleted,
    kept: desktop.filesKept,
    notEmpty: desktop.filesNotEmpty,
    notYours: desktop.filesNotYours,
    more: desktop.filesMore,
    odd: desktop.filesOdd,
  }
  return html`<div id="texts" hidden data-texts="${JSON.stringify(said)}"></div>`
}
