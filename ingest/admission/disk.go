package admission

import "glint/ingest/host/disk"

// DiskWatermarks are the watermarks of the write-ahead log's disk, in free bytes:
// bodies are refused at Stop and admitted again at Resume.
type DiskWatermarks struct{ Stop, Resume int64 }

// WatermarksOfDisk returns the watermarks of a disk of that size; below 1 the size is
// unknown. They keep a part free for what works the backlog off: the small files
// of batches, and often the warehouse. On a large disk that is 512 MiB, on a
// small one 5 %, as file systems reserve (mke2fs(8), -m).
func WatermarksOfDisk(diskBytes int64) DiskWatermarks {
	m := DiskWatermarks{512 << 20, 1 << 30}
	if diskBytes > 0 {
		m.Stop, m.Resume = min(m.Stop, diskBytes/20), min(m.Resume, diskBytes/10)
	}
	return m
}

// WatermarksOfFolder returns the watermarks of the disk of a folder, which it makes.
// It fails if the folder cannot be made or its disk's size cannot be read.
func WatermarksOfFolder(dir string) (DiskWatermarks, error) {
	fsys := disk.OS{}
	if err := fsys.MkdirAll(dir); err != nil {
		return DiskWatermarks{}, err
	}
	_, total, err := fsys.Space(dir)
	if err != nil {
		return DiskWatermarks{}, err
	}
	return WatermarksOfDisk(total), nil
}
