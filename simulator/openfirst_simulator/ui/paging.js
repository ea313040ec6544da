// A list that is shown a page at a time.

import { h, say } from './dom.js';

/** `{element, show(total), offset()}`: buttons that lead to newer and older pages; `turned()` is called when one was pressed. */
export function pages(size, turned) {
  let offset = 0, total = 0;
  const said = h('span', { role: 'status' });
  const newer = h('button', { type: 'button', class: 'quiet', on: { click: () => go(offset - size) } }, '← Newer');
  const older = h('button', { type: 'button', class: 'quiet', on: { click: () => go(offset + size) } }, 'Older →');
  const element = h('p', { class: 'pages', hidden: true }, newer, said, older);
  const go = (to) => {
    offset = Math.max(0, to);
    turned();
  };
  const show = (count) => {
    total = count;
    if (offset >= total && offset > 0) return go(Math.floor(Math.max(0, total - 1) / size) * size);
    element.hidden = total <= size;
    newer.disabled = offset === 0;
    older.disabled = offset + size >= total;
    say(said, `${(offset + 1).toLocaleString('en')} to ${Math.min(total, offset + size).toLocaleString('en')} of ${total.toLocaleString('en')}`);
    return undefined;
  };
  return { element, show, offset: () => offset, first: () => (offset = 0) };
}
