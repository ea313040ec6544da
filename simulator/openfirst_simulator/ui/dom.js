// Elements, and nothing that reads markup: whatever is given as a child becomes text, or is an element already.

const SVG = 'http://www.w3.org/2000/svg';

/** An element. Of the attributes `on` has handlers, and what is null, undefined or false is left out. */
export const h = (tag, attributes, ...children) => made(document.createElement(tag), attributes, children);

/** An element of a drawing. */
export const svg = (tag, attributes, ...children) => made(document.createElementNS(SVG, tag), attributes, children);

function made(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name === 'on') for (const [event, does] of Object.entries(value)) element.addEventListener(event, does);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...there(children));
  return element;
}

const there = (children) => children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false);

/** The element has these children, and no others. */
export function fill(element, ...children) {
  element.replaceChildren(...there(children));
  return element;
}

/** The text is this; the page is left alone where it is so already. */
export function say(element, text) {
  const wanted = `${text ?? ''}`;
  if (element.textContent !== wanted) element.textContent = wanted;
}

/** An attribute is this, or gone where it is null. */
export function set(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== `${value}`) element.setAttribute(name, value);
}

const ROWS = new WeakMap();

/**
 * The container has an element for each item, in their order. `make(item)` gives `{element, show(item)}` once for a key; `show`
 * is called where the item is another than before. Elements that are there already are not touched.
 */
export function keyed(container, items, key, make) {
  if (!ROWS.has(container)) ROWS.set(container, new Map());
  const rows = ROWS.get(container);
  const wanted = new Set(items.map(key));
  for (const [name, row] of rows) {
    if (wanted.has(name)) continue;
    row.element.remove();
    rows.delete(name);
  }
  let place = container.firstChild;
  for (const item of items) {
    const name = key(item);
    let row = rows.get(name);
    const said = row === undefined || row.show ? JSON.stringify(item) : null;
    if (row === undefined) rows.set(name, (row = { ...make(item), said }));
    else if (row.show && row.said !== said) {
      row.said = said;
      row.show(item);
    }
    if (row.element === place) place = place.nextSibling;
    else container.insertBefore(row.element, place);
  }
}

/** One of the elements that fit is in the order of the tab key; the arrow keys lead to the others. */
export function roving(container, selector) {
  const all = () => [...container.querySelectorAll(selector)];
  const only = (chosen) => all().forEach((each) => set(each, 'tabindex', each === chosen ? 0 : -1));
  container.addEventListener('focusin', ({ target }) => {
    const here = target.closest(selector);
    if (here !== null) only(here);
  });
  container.addEventListener('keydown', (event) => {
    const here = event.target.closest(selector);
    if (here !== event.target || event.altKey || event.ctrlKey || event.metaKey) return;
    const each = all(), at = each.indexOf(here);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: each.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    each[Math.max(0, Math.min(each.length - 1, to))].focus();
  });
  return () => {
    const each = all();
    if (!each.some((one) => one.tabIndex === 0)) only(each[0]);
    else only(each.find((one) => one.tabIndex === 0));
  };
}

// Values in words ----------------------------------------------------------------------------------------------------

/** An instant of a world's time, to the second or the millisecond. */
export function instant(seconds, { date = true, fine = false } = {}) {
  if (seconds === null || seconds === undefined) return '—';
  const text = new Date(seconds * 1000).toISOString();
  return `${date ? `${text.slice(0, 10)} ` : ''}${text.slice(11, fine ? 23 : 19)}${date ? ' UTC' : ''}`;
}

/** A length of time in its two largest units. */
export function lasting(seconds) {
  const units = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];
  let left = Math.floor(Math.abs(seconds));
  const parts = [];
  for (const [name, size] of units) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0 || (name === 's' && parts.length === 0)) parts.push(`${count} ${name}`);
  }
  return parts.slice(0, 2).join(' ');
}

/** How long until an instant, or since it; the page's clock keeps it true (see `tick`). */
export const until = (due) => h('span', { 'data-until': due, class: 'until' }, away(due));

/** All that tells how long it is until something says it anew. */
export function tick(now) {
  told = now;
  for (const each of document.querySelectorAll('[data-until]')) say(each, away(Number(each.dataset.until)));
}

let told = 0;
const away = (due) => (due >= told ? `in ${lasting(due - told)}` : `${lasting(due - told)} ago`);

/** The beginning of an ID, with all of it where one asks. */
export const short = (id) => (id === null || id === undefined ? '—' : h('code', { title: id, class: 'id' }, id.length > 12 ? `${id.slice(0, 8)}…` : id));

/** So many of something. */
export const counted = (number, one, several = `${one}s`) => `${number.toLocaleString('en')} ${number === 1 ? one : several}`;

/** A value as JSON, or a text as it is. */
export const written = (value) => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));
