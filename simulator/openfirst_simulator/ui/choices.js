// Choices: what the sources leave open, and how it is resolved in this world.

import { call, control } from './ask.js';
import { h, set } from './dom.js';

export function choices(app) {
  const list = app.contract.choices;
  const boxes = new Map();
  const usual = Object.fromEntries(list.map((choice) => [choice.name, choice.default]));
  const current = () => app.pulse?.choices ?? usual;
  const wanted = () => Object.fromEntries(list.map(({ name }) => [name, boxes.get(name).find((box) => box.checked)?.value ?? usual[name]]));
  const differing = (from) => Object.fromEntries(Object.entries(wanted()).filter(([name, value]) => value !== from[name]));
  const request = () => ({ method: 'PUT', path: app.at('choices'), fields: differing(usual), pytest: call('platform.choose', [differing(current())]) });

  const card = (choice) => {
    const each = choice.values.map((value) => h('input', { type: 'radio', name: choice.name, value, checked: value === current()[choice.name] }));
    boxes.set(choice.name, each);
    return h('fieldset', { class: 'card choice', 'data-choice': choice.name },
      h('legend', null, choice.name),
      h('p', null, choice.why),
      h('div', { class: 'values' }, each.map((box) => h('label', { class: 'value' }, box, ' ', box.value, box.value === choice.default && h('span', { class: 'dim' }, ' (default)')))),
      h('details', { class: 'folded' }, h('summary', null, 'The source'), h('blockquote', null, h('p', null, choice.quote), h('footer', null, choice.source))));
  };
  const cards = h('div', { class: 'cards choices' }, list.map(card));
  const dirty = h('p', { class: 'dim changes', role: 'status' });
  const apply = control({ action: 'Choose so', inside: [h('button', { type: 'button', class: 'quiet', on: { click: () => check(usual) } }, 'The defaults'), h('button', { type: 'button', class: 'quiet', on: { click: () => check(current()) } }, 'As it is now'), dirty], folded: true, request, done: () => 'It is so from now on.', after: () => app.soon() });
  const element = h('section', { class: 'panel', 'aria-labelledby': 'left' },
    h('h2', { id: 'left' }, 'What the sources leave open'),
    h('p', { class: 'dim' }, 'Each of these values is permitted by the contract. From the moment they are chosen, the world goes by them.'),
    cards,
    h('div', { class: 'sticky' }, apply.element));

  const marked = () => {
    const other = differing(current());
    for (const each of cards.children) set(each, 'data-other', each.dataset.choice in other ? '' : null);
    const count = Object.keys(other).length;
    dirty.textContent = count === 0 ? 'As it is now.' : `${count} to be changed.`;
    apply.show();
  };
  const check = (values) => {
    for (const [name, each] of boxes) for (const box of each) box.checked = box.value === `${values[name]}`;
    marked();
  };
  cards.addEventListener('change', marked);
  return { element, changed: ({ choices: isOther, anew }) => (isOther || anew) && check(current()) };
}
