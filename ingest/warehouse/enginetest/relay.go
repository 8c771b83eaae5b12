package enginetest

import (
	"io"
	"net"
)

// relay passes connections to the port of an engine, and never resets one: the library
// stops listening on TCP for good when a client does, as one that is killed. It returns
// its own port; it ends with the test binary.
func relay(to string) (net.Listener, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go pass(client, to)
		}
	}()
	return listener, nil
}

func pass(client net.Conn, to string) {
	defer func() { _ = client.Close() }()
	hello := make([]byte, 4096)
	n, err := client.Read(hello) // a client speaks first
	if err != nil {
		return
	}
	engine, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	go func() {
		_, err := engine.Write(hello[:n])
		if err == nil {
			_, _ = io.Copy(engine, client)
		}
		_ = engine.(*net.TCPConn).CloseWrite()
	}()
	if _, err := io.Copy(client, engine); err != nil {
		_, _ = io.Copy(io.Discard, engine) // what is unread when it is closed would reset it
	}
	_ = client.Close()
	_ = engine.Close()
}
