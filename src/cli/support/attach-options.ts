import { type Command, Option } from 'commander';
import { type AttachRequest, type AttachVariant, attachVariants } from '../../native/attachment.js';

export interface AttachOptions {
  readonly attach?: AttachVariant;
  readonly btf?: string;
  readonly readyFile?: string;
}

/** Adds the options of every command that attaches. */
export function addAttachOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--attach <variant>',
        'attach type of the BPF programs (default: fexit where supported, else kprobe)',
      ).choices(attachVariants),
    )
    .option('--btf <file>', 'BTF file of this kernel and its ip_vs (see: ipvscope btf --help)')
    .option('--ready-file <file>', 'file that exists while all programs are attached');
}

export function attachRequest({ attach, btf }: AttachOptions): AttachRequest {
  return {
    ...(attach === undefined ? {} : { variant: attach }),
    ...(btf === undefined ? {} : { btf }),
  };
}
