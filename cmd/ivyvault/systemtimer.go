package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"github.com/urfave/cli/v2"

	"ivyvault/system/hook"
)

func systemTimerCommand() *cli.Command {
	return &cli.Command{
		Name:      "timer",
		Usage:     "print the systemd units that capture a system by its schedule",
		ArgsUsage: "NAME",
		Description: `Prints a service and a timer for systemd, made of the 'schedule' in the system's
section: a calendar expression, such as daily or *-*-* 02:30:00. Nothing is
installed. The service ends with the exit code of the backup, so a failed night
shows in 'systemctl --failed'; 'OnFailure=' in a drop-in tells somebody.

Example:
  ivyvault system timer claims`,
		Flags:  []cli.Flag{configFlag()},
		Before: func(c *cli.Context) error { return wantArgs(c, 1, 1) },
		Action: runSystemTimer,
	}
}

// timer is what 'system timer' reports.
type timer struct {
	System  string `json:"system"`
	Service string `json:"service"` // text of ivyvault-NAME.service
	Timer   string `json:"timer"`   // text of ivyvault-NAME.timer
}

// unitName matches what may stand in the name of a unit.
var unitName = regexp.MustCompile(`^[A-Za-z0-9:_.-]+$`)

func runSystemTimer(c *cli.Context) error {
	s, err := loadSystem(c, c.Args().First())
	if err != nil {
		return err
	}
	_, out, err := begin(c)
	if err != nil {
		return err
	}
	switch {
	case s.conf.Schedule == "":
		return fmt.Errorf("the section of the system %s has no 'schedule': write when it is to be captured, such as daily", s.name)
	case !unitName.MatchString(s.name):
		return fmt.Errorf("%q can't be part of the name of a systemd unit: name the system with letters, digits, '-' and '_'", s.name)
	}
	t, err := timerOf(s.name, s.conf.Schedule, s.file.Path())
	if err != nil {
		return err
	}
	return out.report(t, func(w io.Writer) {
		fmt.Fprintf(w, "# /etc/systemd/system/ivyvault-%s.service\n%s\n# /etc/systemd/system/ivyvault-%s.timer\n%s", t.System, t.Service, t.System, t.Timer)
	})
}

func timerOf(name, schedule, file string) (timer, error) {
	program, err := os.Executable()
	if err != nil {
		return timer{}, err
	}
	if file, err = filepath.Abs(file); err != nil {
		return timer{}, err
	}
	return timer{
		System: name,
		Service: fmt.Sprintf(`[Unit]
Description=backup of the system %s
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=%s backup --system %s --config %s --quiet
Nice=10
IOSchedulingClass=idle
`, name, hook.Quote(program), hook.Quote(name), hook.Quote(file)),
		Timer: fmt.Sprintf(`[Unit]
Description=when the system %s is backed up

[Timer]
OnCalendar=%s
Persistent=true

[Install]
WantedBy=timers.target
`, name, schedule),
	}, nil
}
