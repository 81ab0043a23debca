#!/usr/bin/env node
// `npx sessile`: leads to the command of the server, which is another package. The library has no command.

const TEXT = `Sessile is two packages.

The library, for programs:      npm install sessile
The server, with its command:   npx sessile-server serve
                                npx sessile-server --help
`;

process.stdout.write(TEXT);
// Words were meant for a command that is not here.
if (process.argv.length > 2) process.exitCode = 1;
