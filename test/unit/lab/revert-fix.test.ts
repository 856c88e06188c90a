import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IpvscopeError } from '../../../src/error.js';
import { revertFix } from '../../../src/lab/revert-fix.js';

// Not the kernel's text: only what the edits look for, in its order.

const INCLUDES = '#include <net/ip_vs.h>\n#include <linux/other.h>\n\n';
const WEIGHT = 'resched = true;\n  old_ct = ip_vs_conn_uses_old_conntrack(cp, skb);\n';
const EXPECTED =
  'if (mode && is_new_conn_expected(cp, mode)) {\n  old_ct = ip_vs_conn_uses_old_conntrack(cp, skb);\n}\n';
const BARE = 'if (!old_ct)\n  cp->flags &= ~IP_VS_CONN_F_NFCT;\n';
const LOCKED =
  'if (!old_ct) {\n  spin_lock_bh(&cp->lock);\n  cp->flags &= ~IP_VS_CONN_F_NFCT;\n  spin_unlock_bh(&cp->lock);\n}\n';
const UNAVAILABLE = 'bool old_ct = ip_vs_conn_uses_old_conntrack(cp, skb);\n';

const forgets = (how: string): string => `if (resched) {\n${how}expire(cp);\n}\n`;
const source = (how: string): string =>
  [INCLUDES, 'hook\n', WEIGHT, EXPECTED, forgets(how), UNAVAILABLE, how].join('');

for (const [name, how] of Object.entries({ bare: BARE, locked: LOCKED })) {
  test(`the fix is reverted, and nothing else changes: ${name}`, () => {
    const [head = '', rest = ''] = revertFix(source(how), '6.1').split('hook\n');
    assert.ok(head.startsWith(INCLUDES));
    assert.match(head, /\bipvscope_has_conntrack\(.*\)\n\{[\s\S]+\}\n$/);
    const asks = (text: string): string =>
      text.replace('ip_vs_conn_uses_old_conntrack', 'ipvscope_has_conntrack');
    assert.equal(rest, [asks(WEIGHT), asks(EXPECTED), forgets(''), UNAVAILABLE, how].join(''));
  });
}

const places = { INCLUDES, WEIGHT, EXPECTED, FORGETS: forgets(BARE) };

for (const [name, place] of Object.entries(places)) {
  for (const [times, text] of [
    [0, ''],
    [2, `${place}/* between */\n${place}`],
  ] as const) {
    test(`a source that has ${name} ${times} times is refused by its version`, () => {
      const changed = source(BARE).replace(place, text);
      assert.throws(
        () => revertFix(changed, '6.1.192-2'),
        (error: unknown) => {
          assert.ok(error instanceof IpvscopeError);
          assert.equal(error.code, 'ERR_LAB_UNFIXED');
          assert.match(
            error.message,
            new RegExp(`kernel 6\\.1\\.192-2: .* was found ${times} times$`),
          );
          return true;
        },
      );
    });
  }
}

test('a source is not edited twice', () => {
  assert.throws(() => revertFix(revertFix(source(BARE), '6.1'), '6.1'), /ERR|was found/);
});

test('a fix in other words is refused', () => {
  for (const how of ['if (!old_ct) {\n  cp->flags &= ~IP_VS_CONN_F_NFCT;\n}\n', 'forget(cp);\n']) {
    assert.throws(() => revertFix(source(how), '6.1'), /IP_VS_CONN_F_NFCT was found 0 times/);
  }
});
