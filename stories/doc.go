// Package stories holds tests only. Each tells a story of a user or of a bad
// night: the program, built as it is delivered, runs as processes of its own
// against real directories, small disks and mounts, is killed, interrupted and
// run beside itself, and its exit codes and sentences are what is judged.
//
// What they promise together: nothing that was reported as saved is lost by a
// stop at any moment, by a full disk or by programs that run at once; and what
// is damaged is named, while the rest stays readable.
package stories
