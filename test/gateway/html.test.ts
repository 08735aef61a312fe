import test from 'ava'
import fc from 'fast-check'
import { escapeHtml, html, markupOf } from '../../gateway/html.ts'

test('texts are escaped, markup is not, lists are joined, nothing is nothing', (t) => {
  const page = html`<p title="${'"><script>'}">${'<b>'}${html`<i>${1}</i>`}${['&', html`<br>`]}${undefined}${false}${null}</p>`
  t.is(markupOf(page), '<p title="&quot;&gt;&lt;script&gt;">&lt;b&gt;<i>1</i>&amp;<br></p>')
})

test('an object that looks like markup is none', (t) => {
  const forged: unknown = JSON.parse('{"markup":"<script>"}')
  t.notRegex(markupOf(html`${String(forged)}`), /<script>/)
})

test('whatever text is put in, no tag, attribute or entity of its own comes out, and the text is kept', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const written = escapeHtml(text)
      const back = written
        .replace(/&lt;/g, '<')
        .replace(/&gt;/g, '>')
        .replace(/&quot;/g, '"')
        .replace(/&#39;/g, "'")
        .replace(/&#96;/g, '`')
        .replace(/&amp;/g, '&')
      return !/[<>"'`]/.test(written) && back === text
    }),
  )
  t.pass()
})
