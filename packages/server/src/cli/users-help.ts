// What `sessile users --help` says.

export const USERS_HELP = `Usage: sessile users COMMAND [NAME] [options]

Keeps the users who can sign in, in a SQLite file.

  add NAME                add a user; --admin for one who may use the admin page
  passwd NAME             set a new password; the user's sessions end
  disable NAME            let the user sign in no more; the user's sessions end
  enable NAME             let the user sign in again
  grant NAME              let the user use the admin page, if the server has --admin
  withdraw NAME           let the user use the admin page no more
  remove NAME             remove the user; the user's sessions end
  list                    show the users; --json for programs

  --users PATH            the file of the users
                          SESSILE_USERS, default beside the file of --store
  --store URL             as for sessile serve; only to find the file
                          SESSILE_STORE, default sqlite:sessile.db
  --admin                 with add: let the user use the admin page
  --json                  with list: one JSON array
  --help                  show this

The password is asked for on the terminal, or read from standard input; it has 15 characters or more. A running server ends
sessions within a second; one that does not run ends them when it starts. It exits with 0 when it is done, and with 2
when nothing was changed.

Examples:

  sessile users add alice
  pass show alice | sessile users passwd alice --users /var/lib/sessile/users.db
  sessile users list --json
`;
