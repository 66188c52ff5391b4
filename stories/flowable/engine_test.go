package flowable

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"
)

// client speaks with the two programs.
type client struct {
	engine, content string // their URLs
}

// call sends a request and reads its answer; out may be a *string.
func (c *client) call(ctx context.Context, method, url, kind string, body io.Reader, out any) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", kind)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	p, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: status %d: %s", method, url, res.StatusCode, p)
	}
	if s, ok := out.(*string); ok {
		*s = string(p)
		return nil
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(p, out)
}

func (c *client) get(ctx context.Context, url string, out any) error {
	return c.call(ctx, http.MethodGet, url, "", nil, out)
}

// up waits until both programs answer, as long as they live.
func (c *client) up(t *testing.T, alive func() error) {
	t.Helper()
	for _, page := range []string{c.engine + "/actuator/health", c.content + "/items"} {
		var err error
		for range 600 {
			var said string
			if err = c.get(t.Context(), page, &said); err == nil {
				break
			}
			check(t, alive())
			time.Sleep(200 * time.Millisecond)
		}
		if err != nil {
			t.Fatalf("%s does not answer: %v", page, err)
		}
	}
}

// text is what a document of a case holds.
func text(what, name string) []byte {
	return bytes.Repeat([]byte(what+" of "+name+"\n"), 100)
}

// begin begins a case: a process with a task that has an attachment, and a
// document that the content engine keeps.
func (c *client) begin(ctx context.Context, name string) error {
	api := c.engine + "/process-api/runtime/"
	start := fmt.Sprintf(`{"processDefinitionKey": "claim", "businessKey": %q, "variables": [{"name": "claimant", "value": "Zoë of %s"}]}`, name, name)
	var process struct{ ID string }
	if err := c.call(ctx, http.MethodPost, api+"process-instances", "application/json", strings.NewReader(start), &process); err != nil {
		return err
	}
	task, err := c.task(ctx, process.ID)
	if err != nil {
		return err
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	file, err := w.CreateFormFile("file", name+".txt")
	if err != nil {
		return err
	}
	_, err = file.Write(text("attachment", name))
	if err := errors.Join(err, w.WriteField("name", name), w.WriteField("type", "text/plain"), w.Close()); err != nil {
		return err
	}
	if err := c.call(ctx, http.MethodPost, api+"tasks/"+task+"/attachments", w.FormDataContentType(), &form, nil); err != nil {
		return err
	}
	return c.call(ctx, http.MethodPost, c.content+"/items?"+task+"&"+name, "text/plain", bytes.NewReader(text("document", name)), nil)
}

func (c *client) task(ctx context.Context, process string) (string, error) {
	var tasks struct{ Data []struct{ ID string } }
	if err := c.get(ctx, c.engine+"/process-api/runtime/tasks?processInstanceId="+process, &tasks); err != nil {
		return "", err
	}
	if len(tasks.Data) != 1 {
		return "", fmt.Errorf("the process %s has %d tasks", process, len(tasks.Data))
	}
	return tasks.Data[0].ID, nil
}

// all returns what the programs have, by case: digests of the attachment and of
// the document, as they are delivered.
func (c *client) all(ctx context.Context) (map[string]string, error) {
	api := c.engine + "/process-api/runtime/"
	var processes struct {
		Data []struct{ ID, BusinessKey string }
	}
	if err := c.get(ctx, api+"process-instances?size=100000", &processes); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, p := range processes.Data {
		task, err := c.task(ctx, p.ID)
		if err != nil {
			return nil, err
		}
		var list []struct{ ID, Name string }
		if err := c.get(ctx, api+"tasks/"+task+"/attachments", &list); err != nil {
			return nil, err
		}
		for _, a := range list {
			var content string
			if err := c.get(ctx, api+"tasks/"+task+"/attachments/"+a.ID+"/content", &content); err != nil {
				return nil, err
			}
			out["attachment "+a.Name] = fmt.Sprintf("%x", sha256.Sum256([]byte(content)))
		}
		out["case "+p.BusinessKey] = "there"
	}
	var items string
	if err := c.get(ctx, c.content+"/items", &items); err != nil {
		return nil, err
	}
	for line := range strings.Lines(items) {
		f := strings.Fields(line)
		out["document "+f[1]] = f[2]
	}
	return out, nil
}
