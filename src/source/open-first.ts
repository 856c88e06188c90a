import { type ErrorCode, ExitCode, IpvscopeError } from '../error.js';
import type { Attachment } from '../native/attachment.js';

/** Refusals that no other way to attach avoids. */
const forEveryVariant: readonly ErrorCode[] = ['ERR_ADDON_LOAD', 'ERR_KERNEL_LOCKDOWN'];

/**
 * Opens with the first attachment that the kernel takes. A refusal that another way to attach may
 * avoid (`exitCode` 3) is handed to `onRefused`, and the next one is tried; an addon that cannot be
 * loaded and a kernel in lockdown end the search.
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
      const hopeless = refused && forEveryVariant.includes(cause.code);
      if (!refused || hopeless || index + 1 === attachments.length) break;
      onRefused?.(attachment, cause);
    }
  }
  throw refusal;
}
