import type { CommandEntry } from './support/command-module.js';

export const commandList: readonly CommandEntry[] = [
  {
    name: 'serve',
    summary: 'attach to this kernel and export Prometheus metrics',
    load: () => import('./commands/serve.js'),
  },
  {
    name: 'trace',
    summary: 'stream IPVS events',
    load: () => import('./commands/trace.js'),
  },
  {
    name: 'reproduce',
    summary: 'play a named scenario in temporary network namespaces and trace it',
    load: () => import('./commands/reproduce.js'),
  },
  {
    name: 'lab',
    summary: 'run an ipvscope command on a real kernel with ip_vs, booted in QEMU',
    load: () => import('./commands/lab.js'),
  },
  {
    name: 'btf',
    summary: 'generate BTF for a kernel that was built without module BTF',
    load: () => import('./commands/btf.js'),
  },
  {
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    load: () => import('./commands/completion.js'),
  },
  {
    name: 'man-page',
    summary: 'print the manual page',
    hidden: true,
    load: () => import('./commands/man-page.js'),
  },
];
