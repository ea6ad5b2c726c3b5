package stepupmfa

import "strconv"

// interpret returns the result, or an error that says why there is none.
func interpret[T any](c *call, s *settings, result *outcome, expected *success[T]) (T, error) {
	var none T
	if result.status == 0 {
		return none, c.failed(s, result)
	}
	if expected == nil {
		return none, c.rejected(s, result)
	}
	if expected.decode == nil {
		if len(result.content) > 0 {
			return none, c.unexpected(s, result, "expected a response without a body")
		}
		return none, nil
	}
	document, problem := result.document(expected.mediaType)
	if problem != "" {
		return none, c.unexpected(s, result, problem)
	}
	decoding := &decoding{}
	decoded := expected.decode(value{json: document, path: "", decoding: decoding})
	if decoding.problem != "" {
		return none, c.unexpected(s, result, "the response is not as documented ("+decoding.problem+")")
	}
	return decoded, nil
}

// failed is the error for a try without a response.
func (c *call) failed(s *settings, result *outcome) error {
	if !result.sent {
		message := c.operation + ": not sent (" + c.scrub(s, result.reason) + ")"
		return &NotSentError{TimedOut: result.timedOut, message: message, cause: result.cause}
	}
	message := c.operation + ": no complete response; it may have been carried out (" + c.scrub(s, result.reason) + ")"
	return &NoAnswerError{TimedOut: result.timedOut, message: message, cause: result.cause}
}

// rejected is the error for a response that is not a success: the API's, or an unexpected response.
func (c *call) rejected(s *settings, result *outcome) error {
	if result.status < 300 {
		return c.unexpected(s, result, "not a status of this operation")
	}
	if result.status < 400 {
		return c.unexpected(s, result, "redirects are not followed")
	}
	document, problem := result.document("")
	if problem != "" {
		return c.unexpected(s, result, problem)
	}
	body, _ := document.(map[string]any)
	text, ok := summary(body)
	if !ok {
		return c.unexpected(s, result, "not an error body of this API")
	}
	response := c.info(s, result)
	return typedError(&APIError{response: response, message: c.describe(s, response, text), body: &body})
}

func (c *call) unexpected(s *settings, result *outcome, problem string) error {
	response := c.info(s, result)
	return &UnexpectedAnswerError{response: response, message: c.describe(s, response, problem)}
}

func (c *call) info(s *settings, result *outcome) responseInfo {
	id := c.scrub(s, result.header.Get("X-Request-Id"))
	return responseInfo{status: result.status, requestID: id, wait: result.retryWait()}
}

func (c *call) describe(s *settings, response responseInfo, text string) string {
	id := ""
	if response.requestID != "" {
		id = " [request " + response.requestID + "]"
	}
	return c.operation + ": status " + strconv.Itoa(response.status) + id + ": " + c.scrub(s, text)
}
