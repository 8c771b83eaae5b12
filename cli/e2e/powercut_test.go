package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// losingDisk is an ext4 file system of its own in a file. Its power can be cut:
// what no sync has brought onto it is gone then, names as well as bytes, of the
// log and of the warehouse alike.
type losingDisk struct{ image, dir string }

// newLosingDisk fails with errNoDisk where it may not be mounted.
func newLosingDisk(t *testing.T) (*losingDisk, error) {
	t.Helper()
	d := &losingDisk{image: filepath.Join(t.TempDir(), "disk"), dir: filepath.Join(t.TempDir(), "mounted")}
	if err := os.Mkdir(d.dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(d.image, nil, 0o600); err != nil {
		return nil, err
	}
	if err := os.Truncate(d.image, 4<<30); err != nil {
		return nil, err
	}
	if text, err := exec.Command("mkfs.ext4", "-q", "-F", d.image).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: mkfs.ext4: %w %s", errNoDisk, err, text)
	}
	if err := d.mount(); err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", d.dir).Run() }) // not mounted, after a failure
	return d, nil
}

var errNoDisk = errors.New("no disk to cut the power of")

func (d *losingDisk) mount() error {
	if text, err := exec.Command("mount", "-o", "loop", d.image, d.dir).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: mount: %w %s", errNoDisk, err, text)
	}
	return nil
}

// The request that shuts an ext4 file system down, and its flag not to flush the
// journal either (linux/fs/ext4/ext4.h, EXT4_IOC_SHUTDOWN).
const (
	ext4Shutdown           = 0x8004587d
	ext4ShutdownNoLogFlush = 2
)

// cutPower lets nothing more reach the disk.
func (d *losingDisk) cutPower() error {
	f, err := os.Open(d.dir)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	flag := uint32(ext4ShutdownNoLogFlush)
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), ext4Shutdown, uintptr(unsafe.Pointer(&flag))); errno != 0 {
		return fmt.Errorf("%w: shut down ext4: %w", errNoDisk, errno)
	}
	return nil
}

// reboot mounts the disk again, with what had reached it.
func (d *losingDisk) reboot(t *testing.T) {
	t.Helper()
	eventually(t, "the disk to be free", func() bool { return exec.Command("umount", d.dir).Run() == nil })
	if err := d.mount(); err != nil {
		t.Fatal(err)
	}
}

// TestPowerCutOfLogAndWarehouseTogether cuts the power of the disk that holds
// both, under load. Nothing acknowledged is missing afterwards, or there twice.
// GLINT_TEST_POWER_CUTS gives another number of cuts.
func TestPowerCutOfLogAndWarehouseTogether(t *testing.T) {
	d, err := newLosingDisk(t)
	if errors.Is(err, errNoDisk) {
		t.Skipf("this needs root and loop devices: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(d.dir, "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	first := up(t, home)
	l := &load{token: tokenOf(register(t, first, first.pixel, "token", 1)[0].url)}
	first.stop(t, syscall.SIGTERM)
	syscall.Sync()
	chance := rand.New(rand.NewPCG(5, 9))
	for cut, cuts := 0, timesFrom(t, "GLINT_TEST_POWER_CUTS", 2); cut < cuts || l.acknowledgedSoFar() < enough; cut++ {
		i := up(t, home)
		stop, ended := make(chan struct{}), make(chan struct{})
		go func() { l.run(i, stop); close(ended) }()
		time.Sleep(200*time.Millisecond + time.Duration(chance.IntN(4000))*time.Millisecond)
		before := l.acknowledgedSoFar()
		if err := d.cutPower(); err != nil {
			t.Fatal(err)
		}
		i.killAll(t)
		close(stop)
		<-ended
		// A machine without power answers no more. This one does: an fsync that was
		// under way may succeed although its pages were thrown away.
		l.acknowledged = l.acknowledged[:before]
		d.reboot(t)
		forgetBoot(t, home)
	}
	l.compare(t, up(t, home))
}

func (l *load) acknowledgedSoFar() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acknowledged)
}

// killAll kills glint and its engine.
func (i *instance) killAll(t *testing.T) {
	t.Helper()
	engines := enginesOf(t, i.home)
	i.stop(t, syscall.SIGKILL)
	for _, engine := range engines {
		_ = syscall.Kill(engine, syscall.SIGKILL) // it may be gone by now
	}
	eventually(t, "the engine to be gone", func() bool { return len(alive(engines)) == 0 })
}

// forgetBoot gives the lanes' checkpoints the boot id of an earlier run of the machine.
func forgetBoot(t *testing.T, home string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(home, "*", "batches", "*", "checkpoint.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no checkpoints: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		var c map[string]any
		if err == nil {
			err = json.Unmarshal(text, &c)
		}
		if err == nil {
			c["boot_id"] = "an earlier run of the machine"
			text, err = json.Marshal(c)
		}
		if err == nil {
			err = os.WriteFile(file, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestWhatAnUnsyncedWarehouseLostComesBack is a power cut of a warehouse whose
// disk has kept the names of inserts, but not one of their parts: worse than any
// real one. The log has all of it still.
func TestWhatAnUnsyncedWarehouseLostComesBack(t *testing.T) {
	home := newHome(t)
	i := up(t, home)
	l := &load{token: tokenOf(register(t, i, i.pixel, "token", 1)[0].url)}
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() { l.run(i, stop); close(ended) }()
	eventually(t, "many lines to be acknowledged", func() bool { return l.acknowledgedSoFar() >= enough })
	close(stop)
	<-ended
	eventually(t, "the lines to be stored", func() bool { return i.backlog(t) == 0 })
	parts := strings.Fields(query(t, i, "SELECT path FROM system.parts WHERE active AND table = 'opens'"))
	if len(parts) == 0 {
		t.Fatal("no parts")
	}
	i.killAll(t)
	for _, part := range parts {
		if err := os.RemoveAll(part); err != nil {
			t.Fatal(err)
		}
	}
	forgetBoot(t, home)
	last := up(t, home)
	l.compare(t, last)
	if restored := last.metrics(t)[`glint_batch_restored_rows_total{lane="live"}`]; restored < float64(len(l.acknowledged)) {
		t.Errorf("%.0f rows are counted as restored, want the %d that were lost", restored, len(l.acknowledged))
	}
}
