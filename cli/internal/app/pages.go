package app

import (
	"errors"

	"glint/cli/internal/home"
)

// Pages returns the address of the running instance's pages, and the key of links
// to them, or an error that explains how to start them.
func (a *App) Pages() (address, key string, err error) {
	state, err := a.Running()
	if err != nil {
		return "", "", err
	}
	if state.Web == "" {
		return "", "", Try(errors.New("the running glint shows no pages"), "start it with --web-listen 127.0.0.1:8704")
	}
	key, err = a.Home.PagesKey()
	if errors.Is(err, home.ErrNotRunning) {
		return "", "", Try(errors.New("the running glint has not written the key of its pages yet"), "the same command in a moment; a full disk delays it")
	}
	return state.Web, key, err
}
