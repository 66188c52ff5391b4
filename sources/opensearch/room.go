package opensearch

import (
	"context"
	"fmt"
	"net/http"
)

// NoRoomError says that the server's disks are too small for what comes back.
type NoRoomError struct {
	Need, Free int64 // bytes
}

func (e *NoRoomError) Error() string {
	return fmt.Sprintf("the search server has %d MiB free on its data nodes, and the indices need about %d MiB: nothing was changed. Free some, or restore fewer indices at a time", e.Free>>20, e.Need>>20)
}

// room makes sure that the server's disks take that many bytes. A server that
// does not tell is believed to have room.
func (r *restoring) room(ctx context.Context, need int64) error {
	var stats struct {
		Nodes map[string]struct {
			FS struct {
				Total struct {
					Available int64 `json:"available_in_bytes"`
				} `json:"total"`
			} `json:"fs"`
		} `json:"nodes"`
	}
	err := r.c.get(ctx, &stats, "", "_nodes", "stats", "fs")
	if isStatus(err, http.StatusForbidden) {
		return nil
	}
	if err != nil {
		return err
	}
	free := int64(0)
	for _, n := range stats.Nodes {
		free += n.FS.Total.Available
	}
	if len(stats.Nodes) > 0 && free < need {
		return &NoRoomError{need, free}
	}
	return nil
}
