// Conferences, and who is in them.

import { ask } from './ask.js';
import { fill, h, keyed, say, short, written } from './dom.js';
import { pages } from './paging.js';

const PAGE = 30;

export function conferences(app) {
  const list = h('ul', { class: 'cards', 'aria-label': 'Conferences' });
  const empty = h('p', { class: 'empty', hidden: true }, 'There is no conference in this world. A client in session makes one, and joins it, through the conference service.');
  const paging = pages(PAGE, () => load());
  const element = h('section', { class: 'panel', 'aria-labelledby': 'held' }, h('h2', { id: 'held' }, 'Conferences'), list, empty, paging.element);

  const card = (one) => {
    const alias = h('h3'), count = h('p', { class: 'dim' }), members = h('ul', { class: 'members' }), more = h('pre');
    const show = (next) => {
      say(alias, next.alias);
      count.replaceChildren(next.count === 1 ? '1 participant' : `${next.count} participants`, ' · ', short(next.id));
      const what = Object.fromEntries(Object.entries(next.more).filter(([, value]) => value !== null));
      say(more, written(what));
      rest.hidden = Object.keys(what).length === 0;
      fill(members, next.members.map((member) => h('li', null,
        h('a', { href: app.link('sessions', { client: member.client }) }, member.participant?.info?.name || member.participant?.info?.externalId || 'somebody'),
        ' ', Object.values(member.more).filter((value) => typeof value === 'string').map((value) => h('span', { class: 'badge' }, value)))),
      next.count > next.members.length && h('li', { class: 'dim' }, `and ${next.count - next.members.length} more`));
    };
    const rest = h('details', { class: 'folded' }, h('summary', null, 'What else is known'), more);
    show(one);
    return { element: h('li', { class: 'card', 'data-id': one.id }, alias, count, members, rest), show };
  };

  const load = async () => {
    const answer = await ask('GET', app.at('conferences'), { offset: paging.offset(), limit: PAGE });
    keyed(list, answer.conferences, (one) => one.id, card);
    paging.show(answer.total);
    empty.hidden = answer.total > 0;
  };
  return { element, changed: async ({ records, anew }) => (records || anew) && load() };
}
