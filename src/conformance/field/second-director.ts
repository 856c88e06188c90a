import type { CaseContext } from './case-context.js';
import { CLIENT } from './hosts.js';
import { CLIENT_TO_SECOND, SECOND_DIRECTOR } from './interface-captures.js';

/** A virtual address of both directors; the clients' route decides which of them gets the packets. */
export const SHARED_VIP = '10.96.0.12';

/** The second server's namespace is a director too, with a link of its own to the clients. */
export async function addSecondDirector(context: CaseContext): Promise<void> {
  context.undo('the second director', async () => {
    await context.run('rs2', 'ipvsadm', '-C');
    await context.run('rs2', 'ip', 'route', 'del', CLIENT);
    await context.run('rs2', 'ip', 'address', 'del', `${SHARED_VIP}/32`, 'dev', 'lo');
    await context.run('director', 'ip', 'address', 'del', `${SHARED_VIP}/32`, 'dev', 'virtual');
  });
  await context.run('director', 'ip', 'address', 'add', `${SHARED_VIP}/32`, 'dev', 'virtual');
  await context.run('rs2', 'ip', 'address', 'add', `${SHARED_VIP}/32`, 'dev', 'lo');
  await context.run('rs2', 'ip', 'route', 'add', CLIENT, 'via', CLIENT_TO_SECOND, 'dev', 'bypass');
  await context.sysctl('rs2', { 'net/ipv4/ip_forward': 1, 'net/ipv4/vs/conn_reuse_mode': 0 });
}

/** Routes the clients to the second director. */
export async function moveToSecond(context: CaseContext): Promise<void> {
  context.undo('the route', () => context.run('client', 'ip', 'route', 'del', SHARED_VIP));
  const way = ['via', SECOND_DIRECTOR, 'dev', 'from-rs2', 'src', CLIENT];
  await context.run('client', 'ip', 'route', 'add', SHARED_VIP, ...way);
}

/** Runs one ipvsadm command in the second director. */
export const ipvsadmSecond = (context: CaseContext, line: string): Promise<string> =>
  context.run('rs2', 'ipvsadm', ...line.split(' '));
