// Coverage: which rows of the contract have decided something here, and which never did.

import { ask } from './ask.js';
import { h, keyed, say, set } from './dom.js';

export function coverage(app) {
  const bar = h('progress', { max: 1, value: 0, 'aria-labelledby': 'rows' });
  const said = h('p', { role: 'status' });
  const only = h('select', null, [['', 'all of them'], ['never', 'those that never did'], ['ever', 'those that did']].map(([value, text]) => h('option', { value }, text)));
  const list = h('ul', { class: 'rows double', 'aria-label': 'Rows of the contract' });
  const element = h('section', { class: 'panel', 'aria-labelledby': 'rows' },
    h('div', { class: 'heading' }, h('h2', { id: 'rows' }, 'Rows of the contract that decided'), h('label', { class: 'pick' }, 'Show ', only)), said, bar, list,
    h('p', { class: 'dim' }, 'Those for what a platform is asked, and for its own moves. The counts go on when entries of the journal are dropped, and begin anew when it is cleared.'));
  let rows = [];

  const row = (one) => {
    const count = h('span', { class: 'badge' });
    const details = h('details', null, h('summary', { class: 'row coverage' }, count, h('strong', null, one.call), h('code', null, one.row)));
    details.addEventListener('toggle', () => {
      if (!details.open || details.childElementCount > 1) return;
      const rules = one.rules.map((name) => [name, app.contract.rules[name]]);
      details.append(h('div', { class: 'inside' }, rules.length === 0 ? h('p', { class: 'dim' }, 'No rule wants it; it is how the table goes on.')
        : rules.map(([name, rule]) => h('div', { class: 'rule' }, h('p', null, h('code', null, name), rule && `: ${rule.statement}`), rule && h('blockquote', null, h('p', null, rule.quote), h('footer', null, rule.source))))));
    });
    const show = (next) => {
      say(count, next.count === 0 ? 'never' : next.count.toLocaleString('en'));
      count.className = `badge ${next.count === 0 ? '' : 'good'}`;
    };
    show(one);
    return { element: h('li', { 'data-row': one.row }, details), show };
  };
  const shown = () => {
    const ever = rows.filter((one) => one.count > 0).length;
    say(said, `${ever} of ${rows.length}, ${rows.length === 0 ? 0 : Math.round((100 * ever) / rows.length)}%.`);
    set(bar, 'value', rows.length === 0 ? 0 : ever / rows.length);
    keyed(list, rows.filter((one) => only.value === '' || (one.count > 0) === (only.value === 'ever')), (one) => one.row, row);
  };
  only.addEventListener('change', shown);
  return {
    element,
    changed: async ({ journal, anew }) => {
      if (!journal && !anew) return;
      ({ rows } = await ask('GET', app.at('rows')));
      shown();
    },
  };
}
