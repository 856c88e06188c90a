import { IpvscopeError } from '../error.js';
import { CONNTRACK_FIX } from '../record/cause.js';

/** Before the fix any nf_conn that the packet had counted, not only a confirmed one. */
const FUNCTION = `
static bool ipvscope_has_conntrack(const struct ip_vs_conn *cp, struct sk_buff *skb)
{
	enum ip_conntrack_info info;

	return (cp->flags & IP_VS_CONN_F_NFCT) && nf_ct_get(skb, &info) != NULL;
}
`;

interface Edit {
  /** For the error. */
  readonly what: string;
  /** Matches the text once; what is in the group named `kept` stays. */
  readonly pattern: RegExp;
  readonly replacement: string;
}

const ASKS = String.raw`\bold_ct = )ip_vs_conn_uses_old_conntrack(?=\(cp, skb\);)`;
const FORGETS = 'cp->flags &= ~IP_VS_CONN_F_NFCT;';
const LOCKED = String.raw`spin_lock_bh\(&cp->lock\);\s+${FORGETS}\s+spin_unlock_bh\(&cp->lock\);\s+`;

const EDITS: readonly Edit[] = [
  {
    what: 'the include of its own header',
    pattern: /(?<kept>^#include <net\/ip_vs\.h>\n(?:(?:#.*)?\n)*)/gm,
    replacement: FUNCTION.trimStart(),
  },
  {
    what: 'the test of an entry whose server has weight 0',
    pattern: new RegExp(String.raw`(?<kept>\bresched = true;\s+${ASKS}`, 'g'),
    replacement: 'ipvscope_has_conntrack',
  },
  {
    what: 'the test of an entry whose port is reused',
    pattern: new RegExp(String.raw`(?<kept>\bis_new_conn_expected\([^;{]+\{\s+${ASKS}`, 'g'),
    replacement: 'ipvscope_has_conntrack',
  },
  {
    what: 'where the entry forgets its conntrack',
    pattern: new RegExp(
      String.raw`(?<kept>\bif \(resched\) \{\s+)if \(!old_ct\)(?:\s+${FORGETS}| \{\s+${LOCKED}\})\s+`,
      'g',
    ),
    replacement: '',
  },
];

/** What the edits are, for a cache to know whether they changed. */
export const revertRecipe = JSON.stringify(
  EDITS.map(({ pattern, replacement }) => [pattern.source, replacement]),
);

/**
 * The text of `ip_vs_core.c` with the fix taken back: a reused port's opening packet is dropped once
 * if it has any conntrack entry, which is where the delay of one second came from.
 *
 * @throws IpvscopeError `ERR_LAB_UNFIXED` unless each edit has exactly one place.
 */
export function revertFix(source: string, version: string): string {
  return EDITS.reduce((text, { what, pattern, replacement }) => {
    const places = [...text.matchAll(pattern)].length;
    if (places !== 1) {
      throw new IpvscopeError(
        'ERR_LAB_UNFIXED',
        `commit ${CONNTRACK_FIX} cannot be taken back in kernel ${version}: ${what} is there ${places} times`,
        { step: 'revert', hint: 'choose another kernel' },
      );
    }
    return text.replace(pattern, `$<kept>${replacement}`);
  }, source);
}
