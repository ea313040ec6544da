// Tokens: made here, pasted to be looked at, and those that were used.

import { ask, call, control, copy, labelled, options } from './ask.js';
import { h, instant, keyed, say, short, until } from './dom.js';
import { pages } from './paging.js';

const PAGE = 50, LIFE = 3600;

export function tokens(app) {
  const externalId = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', placeholder: 'nobody in particular' });
  const life = h('input', { type: 'number', min: 0, value: LIFE, required: true });
  const condition = h('select', null, options(app.words.conditions));
  const scopes = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', placeholder: 'all', list: 'scopes' });
  const wanted = () => (scopes.value.trim() === '' ? undefined : scopes.value.trim().split(/\s+/));
  const usual = app.words.conditions[0];
  const make = control({
    title: 'Make one',
    action: 'Make a token',
    inside: [labelled('External ID', externalId), labelled('Lives for, in seconds', life), labelled('Condition', condition), labelled('Scopes', scopes), h('datalist', { id: 'scopes' }, options(app.words.scopes))],
    request: () => ({
      method: 'POST',
      path: app.at('tokens'),
      fields: { externalId: externalId.value, expiresIn: Number(life.value), condition: condition.value, scopes: wanted() },
      pytest: call('platform.token', externalId.value === '' ? [] : [externalId.value], {
        expires_in: Number(life.value) === LIFE ? undefined : Number(life.value),
        scopes: wanted(),
        condition: condition.value === usual ? undefined : condition.value,
      }),
    }),
    done: ({ token }) => [h('code', { class: 'token' }, token), h('span', { class: 'inputs' }, h('button', { type: 'button', class: 'quiet', on: { click: () => look(token) } }, 'Look at it'), copy(() => token, 'the token'))],
  });

  const pasted = h('textarea', { rows: 4, spellcheck: 'false', autocomplete: 'off', required: true, placeholder: 'eyJ…' });
  const inspect = control({
    title: 'Look at one',
    action: 'Look at it',
    inside: [labelled('A token, from anywhere', pasted)],
    request: () => ({ method: 'POST', path: app.at('tokens', 'inspect'), fields: { token: pasted.value.trim() } }),
    done: seen,
  });
  const look = (token) => {
    pasted.value = token;
    inspect.show();
    inspect.element.requestSubmit();
  };
  const revoked = h('input', { type: 'text', spellcheck: 'false', autocomplete: 'off', required: true });
  const revoke = control({
    title: 'Revoke one',
    action: 'Revoke it',
    kind: 'danger',
    inside: [labelled('A client access token of this world', revoked)],
    request: () => ({ method: 'POST', path: app.at('tokens', 'revoke'), fields: { token: revoked.value.trim() }, pytest: call('platform.revoke', [revoked.value.trim()]) }),
    done: () => 'It is revoked.',
    after: () => app.soon(),
  });

  const body = h('tbody');
  const empty = h('p', { class: 'empty', hidden: true }, 'No token was used in this world yet. The platform keeps those that were used, or revoked; make one above and open a session with it.');
  const paging = pages(PAGE, () => load());
  const table = h('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': 'Tokens that were used' },
    h('table', { class: 'flow' }, h('thead', null, h('tr', null, ['token', 'external ID', 'condition', 'ends', 'session'].map((name) => h('th', { scope: 'col' }, name)))), body));
  const row = (one) => {
    const word = h('span', { class: 'badge' }), where = h('td');
    const show = (next) => {
      say(word, next.condition);
      word.className = `badge ${next.condition === usual ? 'good' : 'bad'}`;
      where.replaceChildren(next.session === null ? '—' : h('a', { href: app.link('sessions', { client: next.client }) }, short(next.session)));
    };
    show(one);
    return { element: h('tr', { 'data-token': one.id }, h('td', null, short(one.id)), h('td', null, one.externalId ?? '—'), h('td', null, word), h('td', null, until(one.expires)), where), show };
  };
  const load = async () => {
    const answer = await ask('GET', app.at('tokens'), { offset: paging.offset(), limit: PAGE });
    keyed(body, answer.tokens.map((one) => ({ ...one, left: undefined })), (one) => one.id, row);
    paging.show(answer.total);
    empty.hidden = answer.total > 0;
    table.hidden = answer.total === 0;
  };
  const element = h('div', { class: 'stack' },
    h('div', { class: 'two even' }, h('section', { class: 'panel' }, h('h2', null, 'Tokens'), make.element, revoke.element), h('section', { class: 'panel' }, inspect.element)),
    h('section', { class: 'panel', 'aria-labelledby': 'used' }, h('h2', { id: 'used' }, 'Used in this world'), table, empty, paging.element));

  return { element, changed: async ({ records, anew }) => (records || anew) && load() };

  /** What came of looking at a token. */
  function seen({ condition: word, genuine, why, says, token }) {
    const fact = (name, ...value) => h('div', null, h('dt', null, name), h('dd', null, value));
    return h('div', { class: 'seen' },
      h('p', null, h('span', { class: `badge ${genuine && word === usual ? 'good' : 'bad'}` }, word), ' ', genuine ? 'This world has signed it.' : why),
      token && h('dl', { class: 'facts' },
        fact('external ID', token.externalId ?? '—'),
        fact('kind', token.kind),
        fact('issued', instant(token.issued)),
        fact('ends', instant(token.expires), ' (', until(token.expires), ')'),
        fact('scopes', token.scopes === null ? 'all' : token.scopes.join(' ')),
        fact('application', h('code', null, token.application)),
        fact('ID', h('code', null, token.id)),
        fact('session', token.session === null ? 'none' : h('a', { href: app.link('sessions', { client: token.client }) }, short(token.session)))),
      says !== null && [h('h4', null, 'What is written in it'), h('pre', null, pretty(says))]);
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
