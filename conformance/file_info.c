/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is known of files: times, the information classes by handle, DOS times; names that only Linux makes are tried in
 * tests/programs/names.sh.
 *
 * Sources: [D] Microsoft's pages on GetFileTime, SetFileTime, GetFileInformationByHandleEx, FileTimeToDosDateTime;
 * [T] Wine's tests (dlls/kernel32/tests/file.c, time.c), which pass on Windows.
 */
#include "conformance.h"
#include "conformance_folder.h"

static void test_times(void)
{
    FILETIME given = {0x89abcdef, 0x01d12345}, access = {0x11111110, 0x01d22222}, got, got_access;
    WIN32_FILE_ATTRIBUTE_DATA data;
    FILETIME before, after;
    HANDLE file;
    DWORD count;

    GetSystemTimeAsFileTime(&before);
    make_file(test_path("timed"), "x");
    GetSystemTimeAsFileTime(&after);
    GetFileAttributesExA(test_path("timed"), GetFileExInfoStandard, &data);
    /* Linux' clock for files ticks coarsely: 10 ms. */
    before.dwLowDateTime -= before.dwLowDateTime > 200000 ? 200000 : before.dwLowDateTime;
    ok(CompareFileTime(&before, &data.ftLastWriteTime) <= 0 &&
           CompareFileTime(&data.ftLastWriteTime, &after) <= 0,
       "write time");
    ok(CompareFileTime(&data.ftCreationTime, &data.ftLastWriteTime) <= 0, "creation time");
    file = CreateFileA(test_path("timed"), GENERIC_READ | GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0,
                       NULL);
    ok(SetFileTime(file, NULL, &access, &given), "SetFileTime: %lu", GetLastError());
    ok(GetFileTime(file, NULL, &got_access, &got), "GetFileTime: %lu", GetLastError());
    /* To the last 100 ns. */
    ok(!CompareFileTime(&got, &given), "write time %lx%08lx", got.dwHighDateTime,
       got.dwLowDateTime);
    ok(!CompareFileTime(&got_access, &access), "access time %lx%08lx", got_access.dwHighDateTime,
       got_access.dwLowDateTime);
    /* Leaving all leaves all. */
    ok(SetFileTime(file, NULL, NULL, NULL), "SetFileTime: %lu", GetLastError());
    GetFileTime(file, NULL, NULL, &got);
    ok(!CompareFileTime(&got, &given), "write time changed");
    WriteFile(file, "y", 1, &count, NULL);
    CloseHandle(file);
    GetFileAttributesExA(test_path("timed"), GetFileExInfoStandard, &data);
    ok(CompareFileTime(&data.ftLastWriteTime, &given) > 0, "writing does not change the time");
    file = CreateFileA(test_path("timed"), GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL);
    todo_wine check_error(SetFileTime(file, NULL, NULL, &given), ERROR_ACCESS_DENIED);
    CloseHandle(file);
    DeleteFileA(test_path("timed"));
}

static void test_dos_times(void)
{
    FILETIME time;
    WORD date, clock;

    /* 2016-02-29 13:14:16: even seconds, years from 1980 [D]. */
    ok(DosDateTimeToFileTime((36 << 9) | (2 << 5) | 29, (13 << 11) | (14 << 5) | 8, &time),
       "DosDateTimeToFileTime: %lu", GetLastError());
    ok(FileTimeToDosDateTime(&time, &date, &clock) && date == ((36 << 9) | (2 << 5) | 29) &&
           clock == ((13 << 11) | (14 << 5) | 8),
       "back: %x %x", date, clock);
    time.dwLowDateTime = time.dwHighDateTime = 0; /* 1601 */
    check_error(FileTimeToDosDateTime(&time, &date, &clock), ERROR_INVALID_PARAMETER);
}

static void test_classes(void)
{
    char buffer[2048] __attribute__((aligned(8)));
    FILE_BASIC_INFO *basic = (FILE_BASIC_INFO *)buffer;
    FILE_STANDARD_INFO *standard = (FILE_STANDARD_INFO *)buffer;
    FILE_NAME_INFO *name = (FILE_NAME_INFO *)buffer;
    FILE_ATTRIBUTE_TAG_INFO *tag = (FILE_ATTRIBUTE_TAG_INFO *)buffer;
    FILE_ID_INFO *id = (FILE_ID_INFO *)buffer;
    FILE_ID_BOTH_DIR_INFO *entry = (FILE_ID_BOTH_DIR_INFO *)buffer;
    FILE_END_OF_FILE_INFO end = {.EndOfFile.QuadPart = 2};
    FILE_ALLOCATION_INFO allocation = {.AllocationSize.QuadPart = 0x10000};
    BY_HANDLE_FILE_INFORMATION info;
    HANDLE file, folder;
    ULONGLONG index;

    make_file(test_path("info"), "12345");
    file = CreateFileA(test_path("info"), GENERIC_READ | GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0,
                       NULL);
    ok(GetFileInformationByHandle(file, &info) && info.nFileSizeLow == 5 &&
           info.dwFileAttributes & FILE_ATTRIBUTE_ARCHIVE && info.nNumberOfLinks == 1,
       "by handle: size %lu, attributes %lx", info.nFileSizeLow, info.dwFileAttributes);
    ok(GetFileInformationByHandleEx(file, FileBasicInfo, buffer, sizeof(*basic)) &&
           basic->FileAttributes == info.dwFileAttributes &&
           basic->LastWriteTime.LowPart == info.ftLastWriteTime.dwLowDateTime,
       "basic: %lu", GetLastError());
    ok(GetFileInformationByHandleEx(file, FileStandardInfo, buffer, sizeof(*standard)) &&
           standard->EndOfFile.QuadPart == 5 && !standard->DeletePending && !standard->Directory,
       "standard: %lu", GetLastError());
    ok(GetFileInformationByHandleEx(file, FileNameInfo, buffer, sizeof(buffer)) &&
           name->FileName[0] == '\\' && name->FileNameLength > 10 &&
           !memcmp((char *)name->FileName + name->FileNameLength - 10, L"\\info", 10),
       "name: %lu bytes", name->FileNameLength);
    check_error(GetFileInformationByHandleEx(file, FileNameInfo, buffer, 8), ERROR_MORE_DATA);
    ok(GetFileInformationByHandleEx(file, FileAttributeTagInfo, buffer, sizeof(*tag)) &&
           tag->FileAttributes == info.dwFileAttributes && !tag->ReparseTag,
       "tag: %lu", GetLastError());
    memcpy(&index, &(ULONGLONG){((ULONGLONG)info.nFileIndexHigh << 32) | info.nFileIndexLow}, 8);
    ok(GetFileInformationByHandleEx(file, FileIdInfo, buffer, sizeof(*id)) &&
           !memcmp(&id->FileId, &index, sizeof(index)),
       "id: %lu", GetLastError());
    check_error(GetFileInformationByHandleEx(file, FileBasicInfo, buffer, 8), ERROR_BAD_LENGTH);
    check_error(GetFileInformationByHandleEx(file, 0x77, buffer, sizeof(buffer)),
                ERROR_INVALID_PARAMETER);
    ok(SetFileInformationByHandle(file, FileEndOfFileInfo, &end, sizeof(end)) &&
           GetFileSize(file, NULL) == 2,
       "end of file: %lu", GetLastError());
    todo_wine ok(SetFileInformationByHandle(file, FileAllocationInfo, &allocation, sizeof(allocation)) &&
                     GetFileSize(file, NULL) == 2,
                 "allocation: %lu", GetLastError());
    CloseHandle(file);

    folder = CreateFileA(test_folder(), GENERIC_READ, 7, NULL, OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS, NULL);
    ok(GetFileInformationByHandleEx(folder, FileIdBothDirectoryInfo, buffer, sizeof(buffer)),
       "the folder's entries: %lu", GetLastError());
    ok(entry->FileNameLength == 2 && entry->FileName[0] == '.', "the first is not \".\"");
    check_error(GetFileInformationByHandleEx(folder, FileIdBothDirectoryInfo, buffer,
                                             sizeof(buffer)),
                ERROR_NO_MORE_FILES);
    ok(GetFileInformationByHandleEx(folder, FileIdBothDirectoryRestartInfo, buffer, sizeof(buffer)),
       "from the start: %lu", GetLastError());
    CloseHandle(folder);
    DeleteFileA(test_path("info"));
}

CONFORMANCE("files: information", test_times, test_dos_times, test_classes)
