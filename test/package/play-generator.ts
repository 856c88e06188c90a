// Loads the addon of an installed package, has its record generator play, and prints how many records came.
//   play-generator.js PACKAGE_DIRECTORY
// Imports nothing but the package, so that a copy of this file works anywhere.
import { pathToFileURL } from 'node:url';

const [directory = ''] = process.argv.slice(2);
const modules = `${pathToFileURL(directory).href}/dist/src`;
const { Session } = (await import(
  `${modules}/native/session.js`
)) as typeof import('../../src/native/session.js');
const { IpvscopeError } = (await import(
  `${modules}/error.js`
)) as typeof import('../../src/error.js');

// Errors as the commands print them.
process.once('uncaughtException', (error) => {
  process.stderr.write(`${error instanceof IpvscopeError ? error.toLine() : error.stack}\n`);
  process.exitCode = error instanceof IpvscopeError ? error.exitCode : 1;
});

const session = new Session({ generator: true });
session.open();
session.generate(0, 1000, 1);
process.stdout.write(`${session.drain()} records\n`);
session.close();
