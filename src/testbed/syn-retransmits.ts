/** The client's kernel waits one second for the first answer (RFC 6298). */
const FIRST_MS = 1000;
/** More than any scenario's client waits. */
const COPIES = 8;

/**
 * When Linux sends a connection-opening packet and its retransmits, in ms after the first: at 0, 1, 3,
 * 7 s; with net.ipv4.tcp_syn_linear_timeouts (Linux 6.5) that many of them one second apart.
 */
export function retransmitTimes(linearTimeouts: number): readonly number[] {
  const times = [0];
  let wait = FIRST_MS;
  for (let copy = 1; copy < COPIES; copy++) {
    times.push((times[copy - 1] ?? 0) + wait);
    if (copy >= linearTimeouts) wait *= 2;
  }
  return times;
}
