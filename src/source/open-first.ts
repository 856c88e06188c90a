import { ExitCode, IpvscopeError } from '../error.js';
import type { Attachment } from '../native/attachment.js';

/**
 * Opens with the first attachment that the kernel takes. A refusal that another way to attach may
 * avoid (`exitCode` 3) is handed to `onRefused`, and the next one is tried; a kernel in lockdown
 * refuses all of them alike.
 *
 * @throws what `open` threw last, where none is left to try.
 */
export function openFirst<Opened>(
  attachments: readonly Attachment[],
  open: (attachment: Attachment) => Opened,
  onRefused?: (attachment: Attachment, error: IpvscopeError) => void,
): { readonly opened: Opened; readonly attachment: Attachment } {
  let refusal: unknown;
  for (const [index, attachment] of attachments.entries()) {
    try {
      return { opened: open(attachment), attachment };
    } catch (cause) {
      refusal = cause;
      const refused = cause instanceof IpvscopeError && cause.exitCode === ExitCode.prerequisite;
      const hopeless = refused && cause.code === 'ERR_KERNEL_LOCKDOWN';
      if (!refused || hopeless || index + 1 === attachments.length) break;
      onRefused?.(attachment, cause);
    }
  }
  throw refusal;
}
