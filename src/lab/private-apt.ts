import { access, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IpvscopeError } from '../error.js';
import { findProgram } from '../exec/find.js';
import { runProgram } from '../exec/run.js';
import { kernelSources, parseRepositories } from './apt-sources.js';
import type { DebianKernel } from './debian-kernels.js';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Runs apt with its own lists, status and cache, so that this machine's stay unchanged. Mirrors,
 * proxies and certificates are this machine's.
 */
export class PrivateApt {
  readonly #config: string;
  readonly #signal: AbortSignal;

  private constructor(config: string, signal: AbortSignal) {
    this.#config = config;
    this.#signal = signal;
  }

  /**
   * Creates the configuration in an empty directory, which the caller removes.
   *
   * @throws IpvscopeError `ERR_LAB_NO_MIRROR` if apt has no Debian mirror.
   */
  static async create(
    directory: string,
    kernel: DebianKernel,
    signal: AbortSignal,
  ): Promise<PrivateApt> {
    await checkKeyring();
    const printed = await runProgram(findProgram('apt-get'), ['update', '--print-uris'], {
      step: 'fetch',
      signal,
    });
    const sources = kernelSources(parseRepositories(printed.toString()), kernel, KEYRING);
    if (sources === '') {
      throw new IpvscopeError(
        'ERR_LAB_NO_MIRROR',
        "no Debian mirror in this machine's apt sources",
        {
          step: 'fetch',
          hint: 'add a Debian suite to /etc/apt/sources.list.d',
        },
      );
    }
    const config = join(directory, 'apt.conf');
    await Promise.all([
      mkdir(join(directory, 'lists', 'partial'), { recursive: true }),
      mkdir(join(directory, 'archives', 'partial'), { recursive: true }),
      writeFile(join(directory, 'status'), ''),
      writeFile(join(directory, 'lab.sources'), sources),
      writeFile(config, configuration(directory)),
    ]);
    return new PrivateApt(config, signal);
  }

  /**
   * Downloads the package lists; returns apt's errors, empty if it has none. They are not fatal: a
   * mirror may lack one of the suites and still have the kernel in another.
   */
  async update(): Promise<string> {
    try {
      await this.#run('apt-get', ['update', '-q']);
      return '';
    } catch (error) {
      this.#signal.throwIfAborted();
      return error instanceof IpvscopeError ? (error.log ?? error.message) : String(error);
    }
  }

  /** Returns the names of a package and of all its dependencies; empty for an unknown package. */
  async closure(name: string): Promise<readonly string[]> {
    const skip = ['suggests', 'recommends', 'conflicts', 'breaks', 'replaces', 'enhances'];
    const flags = ['--recurse', ...skip.map((relation) => `--no-${relation}`)];
    try {
      const tree = await this.#run('apt-cache', ['depends', ...flags, name]);
      return tree.split('\n').filter((line) => /^[a-z0-9]/.test(line));
    } catch (error) {
      this.#signal.throwIfAborted();
      if (error instanceof IpvscopeError && error.code === 'ERR_PROGRAM_FAILED') {
        return [];
      }
      throw error;
    }
  }

  /** Downloads and verifies packages; returns the paths of their files in `directory`. */
  async download(names: readonly string[], directory: string): Promise<readonly string[]> {
    await this.#run('apt-get', ['download', '-q', ...names], directory);
    const files = await readdir(directory);
    return files.filter((file) => file.endsWith('.deb')).map((file) => join(directory, file));
  }

  async #run(
    program: 'apt-get' | 'apt-cache',
    args: readonly string[],
    cwd?: string,
  ): Promise<string> {
    const stdout = await runProgram(findProgram(program), [...args, '-c', this.#config], {
      step: 'fetch',
      signal: this.#signal,
      ...(cwd === undefined ? {} : { cwd }),
    });
    return stdout.toString();
  }
}

async function checkKeyring(): Promise<void> {
  try {
    await access(KEYRING);
  } catch (cause) {
    throw new IpvscopeError('ERR_LAB_KEYRING_MISSING', `cannot read ${KEYRING}`, {
      step: 'fetch',
      hint: 'apt-get install debian-archive-keyring',
      cause,
    });
  }
}

/**
 * The configuration that `-c` reads after this machine's own. Hooks are cleared, as they act on this
 * machine's state; the sandbox user is root, as no other may enter a directory below root's home.
 */
function configuration(directory: string): string {
  return `#clear APT::Update;
#clear APT::Architectures;
APT::Update::Error-Mode "any";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "1";
Dir::Cache "${directory}/archives";
Dir::Etc::SourceList "${directory}/lab.sources";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State::Lists "${directory}/lists";
Dir::State::status "${directory}/status";
`;
}
