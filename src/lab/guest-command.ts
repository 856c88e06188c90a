import { programDirectories } from '../exec/find.js';
import { GuestContract } from './guest-init.js';
import type { LabPlan } from './lab-options.js';

/**
 * Returns the script that the guest's PID 1 runs: it writes its process group to a file, reports
 * `started`, closes the control port and executes the command.
 *
 * The command's environment is the host's PATH, HOME, USER, LOGNAME, LANG, `IPVSCOPE_LAB=1`, and then
 * `env`.
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
  // By its path: for a bare name the shell of busybox would run its own applet.
  const words = ['/usr/bin/env', '-i', '--', ...assignments, ...command];
  return `echo $$ >${GuestContract.directory}/leader
echo started >&3
exec 3>&-
cd ${shellWord(cwd)} || exit 125
exec ${words.map(shellWord).join(' ')}
`;
}

/** Quotes any text as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
