/** A word that users would not search for, and what the field says instead. */
export interface FieldWord {
  readonly say: string;
  readonly not: RegExp;
}

/**
 * Words that no user-visible text of this project uses: help texts, errors, HELP lines of metrics,
 * documents. Identifiers are exempt: an underscore is part of a word here, so the name
 * `ipvscope_detail_shed_packets_total` does not match `shed`.
 */
export const fieldWords: readonly FieldWord[] = [
  { say: 'weight-0 server, draining server', not: /\bon (its|their) way out\b/ },
  { say: 'connection entry', not: /\b(of|from) last time\b/ },
  {
    say: 'port reuse, reused source port',
    not: /\bports? (is |are |was |were )?used again\b|\buses? (a|its|their) (source )?ports? again\b/,
  },
  { say: 'initial sequence number (ISN)', not: /\bopening numbers?\b/ },
  { say: 'per-event, delivered one by one', not: /\bt(old|ells?) (\w+ ){0,2}one by one\b/ },
  { say: 'aggregated', not: /\badd(s|ed|ing)? up\b/ },
  { say: 'aggregation key, slot', not: /\bknown keys?\b/ },
  { say: 'overflow bucket', not: /\bfolds?\b|\bfold(ed|ing)\b/ },
  { say: 'event detail dropped, records lost', not: /\bsheds?\b|\bshedding\b|\bnot told\b/ },
  {
    say: 'poll, poll interval',
    not: /\blook(s|ed|ing)? (again|later|every)\b|\btwo looks\b|\blooks found\b/,
  },
  { say: 'idle', not: /\bat rest\b|\bthat rests?\b/ },
  { say: 'grace period elapsed', not: /\bgrace is over\b|\bprograms are done\b/ },
  { say: 'skipped runs', not: /\bmissed runs?\b|\bmisses (of|by|in)\b|\d misses\b/ },
  {
    say: 'evict, expire, time out',
    not: /\bg(ave|ives?|iven|iving) up\b|\bforg(ets?|ot|otten|etting)\b/,
  },
  {
    say: 'BTF, BTF file, kernel built without module BTF',
    not: /\btypes files?\b|\bfiles? of types\b|\btypes of (a kernel|this kernel|kernels|ip_vs|the kernel)\b|\bshows? (no |its |their )?types\b|\bshow(s|n)? them (itself|themselves)\b/,
  },
  { say: 'reverted, without commit …', not: /\btak(e|es|en|ing) back\b/ },
  {
    say: 'detach, drain, attach',
    not: /\blet(s|ting)? (it |them )?go\b|\bt(ake|akes|aken|aking) in\b/,
  },
  { say: 'idempotent', not: /\bagain is fine\b/i },
  { say: 'client-observed latency, connect time', not: /\bliv(e|es|ed) through\b/ },
  // The option of that name is spelled in commands.
  { say: 'packet capture, independent check', not: /(?<!-)\bwitness(es|ed)?\b|\bheld against\b/ },
  { say: 'capture', not: /\btaps?\b/ },
  { say: 'consistent with, verified against', not: /\bfits? together\b|\bexplains? each other\b/ },
  { say: 'temporary network namespace', not: /\bthrow-?away\b/ },
  {
    say: 'testbed, topology, peers',
    not: /\bstages?\b|\bcompany\b|\bhir(e|es|ed)\b|\bplayers?\b/,
  },
  { say: 'test case, test matrix, expected outcome', not: /\bcells?\b|\bfates?\b|\btruth table\b/ },
  { say: 'drop FIN/RST', not: /\bgoodbyes?\b/ },
  { say: 'negative control', not: /\bno trouble\b/ },
  {
    say: 'allocate and free, acquire and release',
    not: /\bg(ave|ives?|iven|iving) back\b|\btook back\b/,
  },
  { say: 'overhead, cost per packet', not: /\bwhat (it|they|this|that) costs?\b/i },
];

/** Each use of such a word in `text`, as `line N: "found" (say: …)`; empty: there is none. */
export function wordsToReplace(text: string): string[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      fieldWords.flatMap(({ say, not }) =>
        [...line.matchAll(new RegExp(not, `${not.flags.replace('g', '')}g`))].map(
          ([found]) => `line ${index + 1}: "${found}" (say: ${say})`,
        ),
      ),
    );
}
