import { Command, type Option } from 'commander';

/** `--web.listen-address` → `IPVSCOPE_WEB_LISTEN_ADDRESS`. */
export const environmentVariable = (option: Option): string =>
  `IPVSCOPE_${option.name().replace(/[.-]/g, '_').toUpperCase()}`;

const TRUE = ['1', 'true', 'yes', 'on'];
const FALSE = ['', '0', 'false', 'no', 'off'];

/**
 * A command whose options can be given in the environment as well; the command line wins. An option
 * that names a variable of its own keeps it. A flag takes 1 or 0.
 */
export class EnvironmentCommand extends Command {
  override createCommand(name?: string): Command {
    return new EnvironmentCommand(name);
  }

  override addOption(option: Option): this {
    const name = option.envVar ?? environmentVariable(option);
    if (!option.isBoolean() || this.#isGiven(option, name)) option.env(name);
    super.addOption(option);
    // For help, which shows every variable.
    option.env(name);
    return this;
  }

  /** Whether the variable of a flag, if it is set at all, says yes. */
  #isGiven(option: Option, name: string): boolean {
    const value = process.env[name]?.toLowerCase();
    if (value === undefined || TRUE.includes(value)) return true;
    if (FALSE.includes(value)) return false;
    return this.error(
      `error: option '${option.flags}' value '${value}' from env '${name}' is invalid. It must be 1 or 0.`,
    );
  }
}
