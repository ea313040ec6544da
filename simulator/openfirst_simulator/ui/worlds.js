// Worlds: platforms of their own, side by side.

import { ask, control, labelled } from './ask.js';
import { h, keyed, say, short } from './dom.js';

const MOST = 200, EVERY = 2000;

export function worlds(app) {
  const body = h('tbody'), rest = h('p', { class: 'dim' });
  const name = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', placeholder: 'it gets one', maxlength: 64 });
  const still = h('input', { type: 'checkbox' });
  const make = control({
    title: 'Make one', action: 'Make a world', inside: [labelled('Name', name), h('label', { class: 'check' }, still, ' its time stands still')],
    request: () => ({ method: 'POST', path: '/worlds', fields: { name: name.value, ...(still.checked ? { scale: 0 } : {}) } }),
    done: ({ name: made, url }) => [h('a', { href: app.link('sessions', {}, made) }, made), ` is at ${url}`],
    after: () => app.soon(),
  });
  const reset = control({
    title: 'Begin this one anew', action: 'Reset', kind: 'danger',
    request: () => ({ method: 'POST', path: app.at('reset') }),
    done: () => 'It is empty, and no token of before is good.',
    after: () => app.soon(),
  });
  const drop = control({
    title: 'Drop this one', action: 'Drop', kind: 'danger',
    request: () => ({ method: 'DELETE', path: app.at() }),
    done: () => 'It is gone.',
    after: () => { location.hash = app.link('worlds', {}, 'default'); },
  });
  const element = h('div', { class: 'stack' },
    h('section', { class: 'panel', 'aria-labelledby': 'every' }, h('h2', { id: 'every' }, 'Worlds'),
      h('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': 'Worlds' }, h('table', { class: 'flow' },
        h('thead', null, h('tr', null, ['world', 'requests', 'base URL', 'application key'].map((head) => h('th', { scope: 'col', class: head === 'requests' ? 'n' : null }, head)))), body)), rest),
    h('section', { class: 'panel controls' }, make.element, reset.element, drop.element));
  const row = (one) => {
    const count = h('td', { class: 'n' });
    const show = (next) => say(count, next.requests.toLocaleString('en'));
    show(one);
    return { element: h('tr', { 'data-world': one.name }, h('th', { scope: 'row' }, h('a', { href: app.link('sessions', {}, one.name) }, one.name)), count, h('td', null, h('code', null, one.url)), h('td', null, short(one.key))), show };
  };
  const shown = () => {
    keyed(body, app.worlds.slice(0, MOST).map(({ name: which, requests, url, key }) => ({ name: which, requests, url, key })), (one) => one.name, row);
    say(rest, app.worlds.length > MOST ? `and ${app.worlds.length - MOST} more` : '');
    drop.element.hidden = app.world === 'default';
  };
  let asked = 0;
  return {
    element,
    changed: async ({ worlds: isOther, anew }) => {
      // How many requests the others had, only this list tells.
      if (!isOther && !anew && performance.now() - asked > EVERY) app.worlds = (await ask('GET', '/worlds')).worlds;
      else if (!isOther && !anew) return;
      asked = performance.now();
      shown();
    },
  };
}
