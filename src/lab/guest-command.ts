import { programDirectories } from '../exec/find.js';
import { GuestContract } from './guest-init.js';
import type { LabPlan } from './lab-options.js';

/**
 * The script that becomes the command in the guest, in the way that the guest's PID 1 expects: it
 * leaves its process group's number, says that it started, and gives up the control port.
 *
 * The command's environment is PATH (the host's, so that programs are found where the host finds
 * them), HOME, USER, LOGNAME, LANG, `IPVSCOPE_LAB=1`, and then `env`.
 */
export function guestCommand({
  command,
  cwd,
  env,
}: Pick<LabPlan, 'command' | 'cwd' | 'env'>): string {
  const variables = {
    PATH: programDirectories().join(':'),
    HOME: '/root',
    USER: 'root',
    LOGNAME: 'root',
    LANG: 'C.UTF-8',
    IPVSCOPE_LAB: '1',
    ...env,
  };
  const assignments = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  // By its path: the shell of busybox would take its own applet for a bare name, and so would env.
  const words = ['/usr/bin/env', '-i', '--', ...assignments, ...command];
  return `echo $$ >${GuestContract.directory}/leader
echo started >&3
exec 3>&-
cd ${shellWord(cwd)} || exit 125
exec ${words.map(shellWord).join(' ')}
`;
}

/** The text as one word of a POSIX shell, whatever is in it. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
