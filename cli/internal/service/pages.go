package service

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/cli/internal/output"
	"glint/cli/internal/report"
	"glint/cli/internal/web"
	"glint/ingest"
	"glint/ingest/host/portowner"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

// pages is the server of the web pages beside ingest.
type pages struct {
	config  web.Config
	listens *pflag.Flag
	server  *web.Server // nil: none
	serving bool
	keyKept bool
}

func (p *pages) flags(f *pflag.FlagSet) {
	f.StringVar(&p.config.Listen, "web-listen", "127.0.0.1:8704", "address of the web pages, to which glint web prints links; empty: none")
	f.StringSliceVar(&p.config.Hosts, "web-host", nil, "further host name of the pages, besides loopback and the address; repeatable")
	f.StringVar(&p.config.TLS.Certificate, "web-tls-cert", "", "PEM file of the pages' certificate; reread when it changes (required unless --web-listen is loopback)")
	f.StringVar(&p.config.TLS.Key, "web-tls-key", "", "PEM file of its key")
	p.listens = f.Lookup("web-listen")
}

// validate returns a usage error that names all faults of the flags.
func (p *pages) validate() error {
	if p.config.Listen == "" {
		return nil
	}
	if err := p.config.Validate(); err != nil {
		return app.UsageTry(err, web.Hint(err))
	}
	return nil
}

// listen opens the port. If the default port is in use, perhaps by another glint, it
// uses a free one.
func (p *pages) listen(s *Service) (err error) {
	if p.config.Listen == "" {
		return nil
	}
	p.config.Key, p.config.Logger = home.NewPagesKey(), s.Config.Logger
	p.config.Settle = func(d *report.Data) {
		settings, err := s.App.Home.ConsentSettings()
		d.Numbers.NoPolicy = err == nil && settings.Policy == sends.PolicyUnset
		d.Lists = report.ListsOf(string(s.App.Home))
	}
	p.server, err = web.Listen(p.config)
	if errors.Is(err, syscall.EADDRINUSE) {
		if p.listens.Changed {
			return fmt.Errorf("%w: --web-listen %s", ingest.ErrAddressInUse, portowner.Describe(p.config.Listen))
		}
		p.config.Listen = "127.0.0.1:0"
		p.server, err = web.Listen(p.config)
	}
	if err != nil {
		return fmt.Errorf("listen for the pages: %w", err)
	}
	s.Config.Watcher = p.server.Live()
	return nil
}

// serve starts the server of the pages once, and stores the key of their links in the
// home if it is not stored yet.
func (p *pages) serve(s *Service) {
	if p.server == nil {
		return
	}
	if !p.serving {
		p.serving = true
		go func() {
			if err := p.server.Serve(); err != nil {
				s.Config.Logger.Error("the pages have ended", "error", err)
			}
		}()
	}
	if !p.keyKept {
		err := s.App.Home.KeepPagesKey(p.config.Key)
		if p.keyKept = err == nil; err != nil {
			s.Config.Logger.Error("glint web cannot make links yet", "error", err)
		}
	}
}

// pagesStop is the maximum wait for the last answers.
const pagesStop = time.Second

func (p *pages) stop(s *Service) error {
	if p.server == nil {
		return nil
	}
	if !p.serving {
		return p.server.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), pagesStop)
	defer cancel()
	_ = p.server.Shutdown(ctx) // cuts off unanswered requests
	return s.App.Home.RemovePagesKey(p.config.Key)
}

// Web returns the address of the pages; "" if there are none.
func (s *Service) Web() string {
	if s.pages.server == nil {
		return ""
	}
	return s.pages.server.URL()
}

// WebField returns the address of the pages as a field of the ready line, with a trailing
// blank; "" if there are none.
func (s *Service) WebField() string {
	if s.Web() == "" {
		return ""
	}
	return "web=" + s.Web() + " "
}

// ShowPages connects the pages to the warehouse, as its reader and as its owner, once it
// can be reached.
func (s *Service) ShowPages(ctx context.Context, reader, owner string) {
	if s.pages.server == nil {
		return
	}
	go func() {
		for ctx.Err() == nil {
			err := s.pages.connect(ctx, reader, owner)
			if err == nil || ctx.Err() != nil {
				return
			}
			s.Config.Logger.Warn("the pages do not reach the warehouse yet", "error", output.Safe(err.Error()))
			select {
			case <-ctx.Done():
			case <-time.After(pagesPause):
			}
		}
	}()
}

// pagesPause is the pause between two tries to reach the warehouse.
const pagesPause = 5 * time.Second

// connect connects to the warehouse, with retries until ctx ends.
func (p *pages) connect(ctx context.Context, reader, owner string) error {
	asOwner, err := warehouse.Connect(ctx, owner)
	if err != nil {
		return err
	}
	asReader := asOwner
	if reader != owner {
		if asReader, err = warehouse.Connect(ctx, reader); err != nil {
			_ = asOwner.Close()
			return err
		}
	}
	context.AfterFunc(ctx, func() {
		_ = asReader.Close()
		_ = asOwner.Close()
	})
	p.server.Use(web.NewSource(asReader, asOwner))
	return nil
}

// AsUser returns the address of a warehouse with that user and password.
func AsUser(address, user, password string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address // Connect refuses it
	}
	u.User = url.UserPassword(user, password)
	return u.String()
}
