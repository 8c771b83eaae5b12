package wal

// Tidy runs one round of housekeeping, for tests that do not wait for it.
func Tidy(l *Log) { l.tidy(l.opt.Now()) }
