import { IpvscopeError } from '../error.js';
import { CONNTRACK_FIX } from '../record/cause.js';

/** Before the fix any nf_conn of the packet counted, not only a confirmed one. */
const FUNCTION = `
static bool ipvscope_has_conntrack(const struct ip_vs_conn *cp, struct sk_buff *skb)
{
	enum ip_conntrack_info info;

	return (cp->flags & IP_VS_CONN_F_NFCT) && nf_ct_get(skb, &info) != NULL;
}
`;

interface Edit {
  /** For error messages. */
  readonly what: string;
  /** Matches the text exactly once; the group named `kept` stays. */
  readonly pattern: RegExp;
  readonly replacement: string;
}

const CONDITION = String.raw`\bold_ct = )ip_vs_conn_uses_old_conntrack(?=\(cp, skb\);)`;
const CLEAR_FLAG = 'cp->flags &= ~IP_VS_CONN_F_NFCT;';
const CLEAR_FLAG_LOCKED = String.raw`spin_lock_bh\(&cp->lock\);\s+${CLEAR_FLAG}\s+spin_unlock_bh\(&cp->lock\);\s+`;

const EDITS: readonly Edit[] = [
  {
    what: 'the include of net/ip_vs.h',
    pattern: /(?<kept>^#include <net\/ip_vs\.h>\n(?:(?:#.*)?\n)*)/gm,
    replacement: FUNCTION.trimStart(),
  },
  {
    what: 'the conntrack test for a weight-0 server',
    pattern: new RegExp(String.raw`(?<kept>\bresched = true;\s+${CONDITION}`, 'g'),
    replacement: 'ipvscope_has_conntrack',
  },
  {
    what: 'the conntrack test for a reused port',
    pattern: new RegExp(String.raw`(?<kept>\bis_new_conn_expected\([^;{]+\{\s+${CONDITION}`, 'g'),
    replacement: 'ipvscope_has_conntrack',
  },
  {
    what: 'the clearing of IP_VS_CONN_F_NFCT',
    pattern: new RegExp(
      String.raw`(?<kept>\bif \(resched\) \{\s+)if \(!old_ct\)(?:\s+${CLEAR_FLAG}| \{\s+${CLEAR_FLAG_LOCKED}\})\s+`,
      'g',
    ),
    replacement: '',
  },
];

/** Identifies the edits in a cache. */
export const revertRecipe = JSON.stringify(
  EDITS.map(({ pattern, replacement }) => [pattern.source, replacement]),
);

/**
 * Returns the text of `ip_vs_core.c` with commit f0a5e4d7a594 reverted: the connection-opening packet
 * of a reused port is dropped once if it has any conntrack entry, hence the delay of one second.
 *
 * @throws IpvscopeError `ERR_LAB_UNFIXED` unless each edit matches exactly once.
 */
export function revertFix(source: string, version: string): string {
  return EDITS.reduce((text, { what, pattern, replacement }) => {
    const matches = [...text.matchAll(pattern)].length;
    if (matches !== 1) {
      throw new IpvscopeError(
        'ERR_LAB_UNFIXED',
        `cannot revert commit ${CONNTRACK_FIX} in kernel ${version}: ${what} was found ${matches} times`,
        { step: 'revert', hint: 'choose another kernel' },
      );
    }
    return text.replace(pattern, `$<kept>${replacement}`);
  }, source);
}
