package h2

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"ivyvault/sources/scratch"
)

// jar is an H2 that was found.
type jar struct{ path, version string }

// named is how H2's jar is called, alone or as a bundle: h2-2.3.232.jar,
// h2_1.4.200.wso2v1.jar, com.h2database.h2_2.2.224.jar.
var named = regexp.MustCompile(`^(?:com\.h2database\.)?h2(?:-engine)?(?:[-_]([0-9]+\.[0-9]+\.[0-9]+)[^/]*)?\.jar$`)

// boxed are the places where a web or Spring Boot archive keeps its jars.
var boxed = regexp.MustCompile(`^(?:BOOT-INF|WEB-INF)/lib/[^/]+\.jar$`)

// findJar returns the H2 to use: the one that is named, or the newest in the
// installation that reads files of the format; 0 is any format. What lies in an
// archive is unpacked into dir.
func (p *Part) findJar(format int, file string, dir *scratch.Dir) (jar, error) {
	if p.c.Jar != "" {
		v, err := jarVersion(p.c.Jar)
		if err != nil {
			return jar{}, err
		}
		j := jar{p.c.Jar, v}
		if f := formatOf(v); format != 0 && f != 0 && f != format {
			return jar{}, &FormatError{file, format, j.path, v}
		}
		return j, nil
	}
	found, err := jarsBelow(p.c.Installation, dir.Path())
	if err != nil {
		return jar{}, err
	}
	var best, other jar
	for _, j := range found {
		if f := formatOf(j.version); format != 0 && f != 0 && f != format {
			other = j
		} else if best.path == "" || newer(j.version, best.version) {
			best = j
		}
	}
	switch {
	case best.path != "":
		return best, nil
	case other.path != "":
		return jar{}, &FormatError{file, format, other.path, other.version}
	}
	return jar{}, fmt.Errorf("no jar of H2 lies below %s: name it with 'jar:'", p.c.Installation)
}

func newer(a, b string) bool {
	var x, y [3]int
	fmt.Sscanf(a, "%d.%d.%d", &x[0], &x[1], &x[2])
	fmt.Sscanf(b, "%d.%d.%d", &y[0], &y[1], &y[2])
	for i := range x {
		if x[i] != y[i] {
			return x[i] > y[i]
		}
	}
	return false
}

func jarsBelow(root, unpack string) ([]jar, error) {
	var out []jar
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			if name == root {
				return fmt.Errorf("H2's jar can't be looked for: %w", err)
			}
			return nil // a folder that can't be read may not be the one
		}
		ext := path.Ext(name)
		switch {
		case d.IsDir() || ext != ".jar" && ext != ".war":
		case named.MatchString(d.Name()):
			if v, err := jarVersion(name); err == nil {
				out = append(out, jar{name, v})
			}
		default:
			if j, err := unbox(name, unpack); err == nil && j.path != "" {
				out = append(out, j)
			}
		}
		return nil
	})
	return out, err
}

// unbox unpacks the H2 that an archive of an application holds, if any.
func unbox(archive, dir string) (jar, error) {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return jar{}, err
	}
	defer z.Close()
	for _, f := range z.File {
		if !boxed.MatchString(f.Name) || !named.MatchString(path.Base(f.Name)) {
			continue
		}
		to := filepath.Join(dir, path.Base(f.Name))
		if err := unpack(f, to); err != nil {
			return jar{}, err
		}
		v, err := jarVersion(to)
		return jar{to, v}, err
	}
	return jar{}, nil
}

// unpack writes one file of a zip; its check sum is verified on the way.
func unpack(f *zip.File, to string) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, r); err != nil {
		w.Close()
		return fmt.Errorf("%s in %s: %w", f.Name, filepath.Base(to), err)
	}
	return w.Close()
}

// jarVersion reads which H2 a jar is, from its manifest, else its name.
func jarVersion(name string) (string, error) {
	z, err := zip.OpenReader(name)
	if err != nil {
		return "", fmt.Errorf("H2's jar: %w", err)
	}
	defer z.Close()
	if _, err := fs.Stat(z, "org/h2/Driver.class"); err != nil {
		return "", fmt.Errorf("%s holds no H2", name)
	}
	if f, err := z.Open("META-INF/MANIFEST.MF"); err == nil {
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if v, ok := strings.CutPrefix(lines.Text(), "Implementation-Version: "); ok && formatOf(v) != 0 {
				return strings.TrimSpace(v), nil
			}
		}
	}
	if m := named.FindStringSubmatch(filepath.Base(name)); m != nil {
		return m[1], nil
	}
	return "", nil
}

// java is the program to run: the one that is named, or that comes with the
// engine, or that of the system.
func (p *Part) java() string {
	if p.c.Java != "" {
		return p.c.Java
	}
	for _, sub := range []string{"jre", "jdk", "java"} {
		if own := filepath.Join(p.c.Installation, sub, "bin", "java"); p.c.Installation != "" && exists(own) {
			return own
		}
	}
	if home := os.Getenv("JAVA_HOME"); home != "" && exists(filepath.Join(home, "bin", "java")) {
		return filepath.Join(home, "bin", "java")
	}
	return "java"
}
