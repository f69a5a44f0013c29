/* sim_vfs: disks in memory that lose power, for SQLite (VFS "sim").
 *
 * A *disk* is a path prefix ("/sim0"); files under it live in memory.  What was written since a file's last sync may be lost when the
 * power goes: each 512-byte sector on its own, by the disk's random sequence, so that pages tear; the length likewise; a file that was
 * never synced may be missing and one that was deleted without syncing the directory may be back.  After power_off every operation
 * fails until power_on.  Operations that change something (create, write, truncate, sync, delete) are counted: the same seed and the
 * same calls give the same end.  One thread; disks share nothing.  The VFS is registered by the first sim_disk_format. */
#ifndef TESTS_SIM_VFS_H
#define TESTS_SIM_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_DISKS = 16 };

/* Makes the disk, or empties it; power on, no faults.  Seed 0 forgets the disk. */
void sim_disk_format(const char *disk, uint64_t seed);
/* Makes `to` hold what `from` holds, synced.  Nobody has a file of either open. */
void sim_disk_copy(const char *from, const char *to);
void sim_disk_power_off(const char *disk);
/* The power goes in the operation after `operations` more of them (0: in the next one). */
void sim_disk_power_off_after(const char *disk, uint64_t operations);
/* Power comes back; a planned power_off_after is forgotten. */
void sim_disk_power_on(const char *disk);
bool sim_disk_is_off(const char *disk);
/* Operations that changed something since the format. */
uint64_t sim_disk_operations(const char *disk);

/* Faults with the power on.  From the operation after `operations` more: `times` of them fail (UINT64_MAX: all).  FULL: writes that
 * make a file longer; EIO: every changing operation; READ_ONLY: every changing operation, and files are opened read-only. */
enum sim_fault { SIM_FAULT_NONE, SIM_FAULT_FULL, SIM_FAULT_EIO, SIM_FAULT_READ_ONLY };
void sim_disk_fault(const char *disk, enum sim_fault fault, uint64_t operations, uint64_t times);
/* How many operations have failed because of the planned fault. */
uint64_t sim_disk_faults(const char *disk);

/* Size of a file as stored, 0 when there is none; `path` as SQLite sees it ("/sim0/office.db"). */
size_t sim_file_size(const char *path);
/* Turns one bit over, for good.  False when the file is not that long. */
bool sim_file_flip(const char *path, size_t offset, unsigned bit);

#endif
