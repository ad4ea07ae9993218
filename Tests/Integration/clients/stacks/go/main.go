// Carries out a plan with one WebSocket implementation of Go: stacks gorilla|nhooyr < plan.json
// What a plan and the answer look like: test_websocket_stacks.py.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	gorilla "github.com/gorilla/websocket"
	nhooyr "nhooyr.io/websocket"
)

type plan struct {
	URL      string
	Deflate  bool
	Messages []struct {
		Text   *string
		Base64 []byte
	}
	Close struct {
		Code   int
		Reason string
	}
	Oversize int
}

type answer struct {
	Extensions string `json:"extensions"`
	Echoed     int    `json:"echoed"`
	Fragmented int    `json:"fragmented"`
	Code       int    `json:"code"`
	Reason     string `json:"reason"`
}

// A connection of some implementation. Fragmented writes use one frame for each fifth of the message.
type connection interface {
	write(isText bool, data []byte, fragmented bool) error
	read() (isText bool, data []byte, err error)
	// Says goodbye and returns what the other side answered.
	close(code int, reason string) (int, string)
	// What an error of read says about the end.
	closed(err error) (int, string)
}

func parts(data []byte) [][]byte {
	size := (len(data) + 4) / 5
	var all [][]byte
	for start := 0; start < len(data); start += size {
		end := start + size
		if end > len(data) {
			end = len(data)
		}
		all = append(all, data[start:end])
	}
	return all
}

type gorillaConnection struct{ *gorilla.Conn }

func dialGorilla(p plan) (connection, http.Header, error) {
	dialer := gorilla.Dialer{EnableCompression: p.Deflate, HandshakeTimeout: 20 * time.Second}
	// A message longer than the write buffer leaves in frames of its size.
	dialer.WriteBufferSize = 4096
	conn, response, err := dialer.Dial(p.URL, nil)
	if err != nil {
		return nil, nil, err
	}
	return gorillaConnection{conn}, response.Header, nil
}

func (c gorillaConnection) write(isText bool, data []byte, fragmented bool) error {
	kind := gorilla.BinaryMessage
	if isText {
		kind = gorilla.TextMessage
	}
	if !fragmented {
		return c.WriteMessage(kind, data)
	}
	writer, err := c.NextWriter(kind)
	if err != nil {
		return err
	}
	for _, part := range parts(data) {
		if _, err := writer.Write(part); err != nil {
			return err
		}
	}
	return writer.Close()
}

func (c gorillaConnection) read() (bool, []byte, error) {
	kind, data, err := c.ReadMessage()
	return kind == gorilla.TextMessage, data, err
}

func (c gorillaConnection) close(code int, reason string) (int, string) {
	message := gorilla.FormatCloseMessage(code, reason)
	if err := c.WriteControl(gorilla.CloseMessage, message, time.Now().Add(10*time.Second)); err != nil {
		return c.closed(err)
	}
	_, _, err := c.read()
	return c.closed(err)
}

func (c gorillaConnection) closed(err error) (int, string) {
	var end *gorilla.CloseError
	if errors.As(err, &end) {
		return end.Code, end.Text
	}
	return -1, fmt.Sprint(err)
}

type nhooyrConnection struct{ *nhooyr.Conn }

var background = context.Background()

func dialNhooyr(p plan) (connection, http.Header, error) {
	mode := nhooyr.CompressionDisabled
	if p.Deflate {
		mode = nhooyr.CompressionContextTakeover
	}
	conn, response, err := nhooyr.Dial(background, p.URL, &nhooyr.DialOptions{CompressionMode: mode})
	if err != nil {
		return nil, nil, err
	}
	conn.SetReadLimit(16 << 20)
	return nhooyrConnection{conn}, response.Header, nil
}

func (c nhooyrConnection) write(isText bool, data []byte, fragmented bool) error {
	kind := nhooyr.MessageBinary
	if isText {
		kind = nhooyr.MessageText
	}
	if !fragmented {
		return c.Write(background, kind, data)
	}
	writer, err := c.Writer(background, kind)
	if err != nil {
		return err
	}
	for _, part := range parts(data) {
		if _, err := writer.Write(part); err != nil {
			return err
		}
	}
	return writer.Close()
}

func (c nhooyrConnection) read() (bool, []byte, error) {
	kind, data, err := c.Read(background)
	return kind == nhooyr.MessageText, data, err
}

func (c nhooyrConnection) close(code int, reason string) (int, string) {
	// Fails unless the other side answers in good order.
	if err := c.Close(nhooyr.StatusCode(code), reason); err != nil {
		return c.closed(err)
	}
	return code, ""
}

func (c nhooyrConnection) closed(err error) (int, string) {
	var end nhooyr.CloseError
	if errors.As(err, &end) {
		return int(end.Code), end.Reason
	}
	return -1, fmt.Sprint(err)
}

func run(p plan, c connection, result *answer) error {
	type message struct {
		isText bool
		data   []byte
	}
	var expected []message
	failed := make(chan error, 1)
	for _, one := range p.Messages {
		next := message{one.Text != nil, one.Base64}
		if one.Text != nil {
			next.data = []byte(*one.Text)
		}
		expected = append(expected, next)
		if len(next.data) >= 5 {
			expected = append(expected, next)
			result.Fragmented++
		}
	}
	go func() {
		var last []byte
		for _, one := range expected {
			again := len(one.data) >= 5 && bytes.Equal(last, one.data)
			if err := c.write(one.isText, one.data, again); err != nil {
				failed <- err
				return
			}
			last = one.data
		}
	}()
	for _, one := range expected {
		isText, data, err := c.read()
		if err != nil {
			return err
		}
		if isText != one.isText || !bytes.Equal(data, one.data) {
			return fmt.Errorf("message %d is another: %d bytes for %d", result.Echoed, len(data), len(one.data))
		}
		result.Echoed++
	}
	select {
	case err := <-failed:
		return err
	default:
	}
	if p.Oversize > 0 {
		// It may be refused while it is being written; what counts is what is read then.
		_ = c.write(false, []byte(strings.Repeat("ab12", p.Oversize/4)), false)
		_, _, err := c.read()
		result.Code, result.Reason = c.closed(err)
		return nil
	}
	result.Code, result.Reason = c.close(p.Close.Code, p.Close.Reason)
	return nil
}

func main() {
	var p plan
	if err := json.NewDecoder(os.Stdin).Decode(&p); err != nil {
		panic(err)
	}
	dial := map[string]func(plan) (connection, http.Header, error){"gorilla": dialGorilla, "nhooyr": dialNhooyr}[os.Args[1]]
	c, header, err := dial(p)
	if err != nil {
		panic(err)
	}
	result := answer{Extensions: header.Get("Sec-WebSocket-Extensions")}
	if err := run(p, c, &result); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(result)
}
