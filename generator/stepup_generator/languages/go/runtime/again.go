package stepupmfa

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	// longestWait is the longest Retry-After that a repeatable call waits out.
	longestWait = 5 * time.Second
	// firstPause bounds the pause before the second try; further ones are longer.
	firstPause = 200 * time.Millisecond
)

// again says whether to try again after an outcome, and how long to wait before. Tries are counted from 1.
func (c *call) again(ctx context.Context, result *outcome, tries int, wait *time.Duration) bool {
	// Growing, and spread so that many callers do not come back at once.
	*wait = rand.N(min(2*time.Second, firstPause<<(tries-1)))
	if result.status == 0 {
		return ctx.Err() == nil && (c.repeatable || !result.sent)
	}
	if !c.repeatable {
		return false
	}
	asked := result.retryWait()
	switch result.status {
	case http.StatusTooManyRequests:
		if asked == nil {
			return false
		}
		*wait = *asked
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		if asked != nil {
			*wait = max(*wait, *asked)
		}
	default:
		return false
	}
	ends, bounded := ctx.Deadline()
	return *wait <= longestWait && (!bounded || *wait < time.Until(ends))
}
