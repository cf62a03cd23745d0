// SPDX-License-Identifier: LGPL-2.1-or-later
// What real C++ programs ask of a runtime: threads and what synchronises them, thread_local destructors, futures,
// atomic waits, exceptions across a DLL and through C frames, wide and narrow streams, locales, regular
// expressions, time, std::filesystem. Says only what is wrong, and ends with a count.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iomanip>
#include <iostream>
#include <locale>
#include <map>
#include <mutex>
#include <new>
#include <random>
#include <regex>
#include <semaphore>
#include <shared_mutex>
#include <sstream>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <typeinfo>
#include <vector>

#include "runtime.h"

namespace fs = std::filesystem;
using namespace std::chrono_literals;

static std::atomic<int> checks, failures;

static void check(bool condition, const char *what, int line)
{
    checks++;
    if (condition)
        return;
    failures++;
    std::printf("line %d: %s\n", line, what);
}
#define CHECK(condition) check((condition), #condition, __LINE__)

// --- Threads ---

struct Leaving {
    std::atomic<int> *counter = nullptr;
    ~Leaving()
    {
        if (counter)
            ++*counter;
    }
};
static thread_local Leaving leaving;
static thread_local std::string local_text = "fresh";

static void threads()
{
    std::atomic<int> destroyed{0};
    std::mutex mutex;
    std::condition_variable ready, taken;
    std::vector<int> queue, got;
    std::vector<std::thread> workers;
    bool done = false;

    for (int i = 0; i < 4; i++)
        workers.emplace_back([&] {
            leaving.counter = &destroyed;
            CHECK(local_text == "fresh");
            local_text += " and used, long enough to live on the heap";
            std::unique_lock lock(mutex);
            for (;;) {
                ready.wait(lock, [&] { return !queue.empty() || done; });
                if (queue.empty())
                    return;
                got.push_back(queue.back());
                queue.pop_back();
                taken.notify_one();
            }
        });
    for (int i = 0; i < 2000; i++) {
        std::unique_lock lock(mutex);
        taken.wait(lock, [&] { return queue.size() < 8; });
        queue.push_back(i);
        ready.notify_one();
    }
    {
        std::lock_guard lock(mutex);
        done = true;
    }
    ready.notify_all();
    for (auto &worker : workers)
        worker.join();
    std::sort(got.begin(), got.end());
    CHECK(got.size() == 2000 && got.front() == 0 && got.back() == 1999);
    CHECK(destroyed == 4);
    CHECK(local_text == "fresh");
    CHECK(std::thread::hardware_concurrency() > 0);

    std::timed_mutex timed;
    timed.lock();
    std::thread([&] { CHECK(!timed.try_lock_for(5ms)); }).join();
    timed.unlock();

    std::shared_mutex shared;
    int value = 0;
    std::vector<std::jthread> readers;
    for (int i = 0; i < 4; i++)
        readers.emplace_back([&, i] {
            for (int k = 0; k < 200; k++) {
                if (i & 1) {
                    std::unique_lock lock(shared);
                    value++;
                } else {
                    std::shared_lock lock(shared);
                    CHECK(value >= 0);
                }
            }
        });
    readers.clear();
    CHECK(value == 400);

    std::once_flag once;
    int calls = 0;
    std::vector<std::jthread> callers;
    for (int i = 0; i < 4; i++)
        callers.emplace_back([&] { std::call_once(once, [&] { calls++; }); });
    callers.clear();
    CHECK(calls == 1);

    // A wait that ends by its time.
    std::unique_lock lock(mutex);
    auto start = std::chrono::steady_clock::now();
    CHECK(ready.wait_for(lock, 20ms) == std::cv_status::timeout);
    auto waited = std::chrono::steady_clock::now() - start;
    CHECK(waited >= 15ms && waited < 10s);
}

// No std::barrier: GCC 12's loses a wake-up now and then where there is no futex, on Wine too.
static void atomics()
{
    std::atomic<int> word{0};
    std::atomic<unsigned char> byte{0};
    std::thread waker([&] {
        word.store(1);
        word.notify_one();
        byte.store(1);
        byte.notify_all();
    });

    word.wait(0);
    CHECK(word == 1);
    byte.wait(0);
    CHECK(byte == 1);
    waker.join();

    std::counting_semaphore<8> semaphore(0);
    std::jthread poster([&] { semaphore.release(3); });
    semaphore.acquire();
    semaphore.acquire();
    semaphore.acquire();
    CHECK(!semaphore.try_acquire_for(1ms));

    std::jthread stopped([](std::stop_token token) {
        while (!token.stop_requested())
            std::this_thread::yield();
    });
    CHECK(stopped.request_stop());
}

static void futures()
{
    auto sum = std::async(std::launch::async, [] { return 6 * 7; });
    auto fails = std::async(std::launch::async, []() -> int { throw std::out_of_range("far"); });
    std::promise<std::string> promise;
    auto text = promise.get_future();
    std::thread([&] { promise.set_value("kept"); }).join();
    std::packaged_task<int(int)> task([](int x) { return x + 1; });
    auto next = task.get_future();

    std::thread(std::move(task), 8).join();
    CHECK(sum.get() == 42);
    CHECK(text.get() == "kept");
    CHECK(next.get() == 9);
    try {
        fails.get();
        CHECK(false);
    } catch (const std::out_of_range &error) {
        CHECK(!std::strcmp(error.what(), "far"));
    }
    std::future<int> broken;
    {
        std::promise<int> dropped;
        broken = dropped.get_future();
    }
    try {
        broken.get();
        CHECK(false);
    } catch (const std::future_error &error) {
        CHECK(error.code() == std::future_errc::broken_promise);
    }
}

// --- Exceptions ---

struct Counted {
    static std::atomic<int> alive;
    Counted() { alive++; }
    Counted(const Counted &) { alive++; }
    ~Counted() { alive--; }
};
std::atomic<int> Counted::alive;

static void descend(int depth)
{
    Counted counted;

    if (!depth)
        throw std::runtime_error("bottom");
    descend(depth - 1);
}

static int compare_and_throw(const void *a, const void *b)
{
    Counted counted;

    if (*(const int *)a == 5 || *(const int *)b == 5)
        throw 5;
    return *(const int *)a - *(const int *)b;
}

static void throw_from_callback(int value)
{
    Counted counted;

    if (value == 3)
        throw LibraryError("callback", value);
}

static void exceptions()
{
    try {
        descend(50);
        CHECK(false);
    } catch (const std::exception &error) {
        CHECK(!std::strcmp(error.what(), "bottom"));
        CHECK(typeid(error) == typeid(std::runtime_error));
    }
    CHECK(std::uncaught_exceptions() == 0);
    // Out of a DLL, by its type, by a base, and caught by it.
    try {
        library_throw(7);
        CHECK(false);
    } catch (const LibraryError &error) {
        CHECK(error.code == 7 && !std::strcmp(error.what(), "library"));
    }
    try {
        library_throw(8);
        CHECK(false);
    } catch (const std::runtime_error &error) {
        CHECK(!std::strcmp(error.what(), "library"));
    }
    // Into the DLL and through it: a callback of ours throws, its frames are unwound.
    CHECK(library_catch(throw_from_callback, 3) == 3);
    try {
        library_pass(throw_from_callback, 3);
        CHECK(false);
    } catch (const LibraryError &error) {
        CHECK(error.code == 3);
    }
    CHECK(library_alive() == 0);
    // Nested and rethrown.
    try {
        try {
            descend(1);
        } catch (...) {
            std::throw_with_nested(std::logic_error("outer"));
        }
    } catch (const std::logic_error &outer) {
        CHECK(!std::strcmp(outer.what(), "outer"));
        try {
            std::rethrow_if_nested(outer);
            CHECK(false);
        } catch (const std::runtime_error &inner) {
            CHECK(!std::strcmp(inner.what(), "bottom"));
        }
    }
    // To another thread and back.
    std::exception_ptr pointer;
    std::thread([&] {
        try {
            library_throw(9);
        } catch (...) {
            pointer = std::current_exception();
        }
    }).join();
    try {
        std::rethrow_exception(pointer);
        CHECK(false);
    } catch (const LibraryError &error) {
        CHECK(error.code == 9);
    }
    pointer = nullptr;
    // Through a frame of the C runtime.
    int numbers[8] = {1, 7, 2, 5, 3, 8, 4, 6};
    try {
        std::qsort(numbers, 8, sizeof(int), compare_and_throw);
        CHECK(false);
    } catch (int value) {
        CHECK(value == 5);
    }
    try {
        std::vector<int>().at(3);
        CHECK(false);
    } catch (const std::out_of_range &) {
    }
    try {
        std::size_t huge = std::size_t(-1) / 4;
        ::operator delete(::operator new(huge));
        CHECK(false);
    } catch (const std::bad_alloc &) {
    }
    // Many at once.
    std::atomic<int> caught{0};
    std::vector<std::thread> throwers;
    for (int i = 0; i < 4; i++)
        throwers.emplace_back([&] {
            for (int k = 0; k < 500; k++)
                try {
                    descend(k % 7);
                } catch (const std::runtime_error &) {
                    caught++;
                }
        });
    for (auto &thrower : throwers)
        thrower.join();
    CHECK(caught == 2000);
    CHECK(Counted::alive == 0);
}

// --- Text ---

static void text()
{
    std::ostringstream out;
    out << std::setw(8) << std::setfill('*') << 42 << ' ' << std::hex << 255 << ' ' << std::fixed
        << std::setprecision(3) << 3.14159 << ' ' << std::boolalpha << true << ' ' << std::scientific
        << 12345.678;
    CHECK(out.str() == "******42 ff 3.142 true 1.235e+04");
    std::istringstream in("17 2.5 word 0x1f");
    int number = 0;
    double real = 0;
    std::string word;
    in >> number >> real >> word >> std::hex;
    int hex = 0;
    in >> hex;
    CHECK(number == 17 && real == 2.5 && word == "word" && hex == 31);
    std::wostringstream wide;
    wide << L"wide " << 7 << L' ' << 1.5;
    CHECK(wide.str() == L"wide 7 1.5");
    CHECK(std::locale().name() == "C");
    CHECK(std::locale::classic().name() == "C");
    CHECK(std::use_facet<std::ctype<char>>(std::locale()).toupper('q') == 'Q');
    CHECK(std::stoi("-12") == -12 && std::stod("1e3") == 1000 && std::to_string(2.5) == "2.500000");

    std::smatch match;
    std::string line = "key = value ; comment";
    CHECK(std::regex_match(line, match, std::regex(R"((\w+)\s*=\s*(\w+)\s*;.*)")));
    CHECK(match[1] == "key" && match[2] == "value");
    CHECK(std::regex_replace(std::string("a1b22"), std::regex("[0-9]+"), "#") == "a#b#");

    char buffer[128];
    std::snprintf(buffer, sizeof(buffer), "%5.1f|%-6s|%+d|%lld|%zu|%p", 2.25, "ab", 3, 1LL << 40,
                  sizeof(int), (void *)nullptr);
    CHECK(!std::strncmp(buffer, "  2.2|ab    |+3|1099511627776|4|", 32));
    int a = 0, b = 0;
    char name[16];
    CHECK(std::sscanf("12:34 xyz", "%d:%d %15s", &a, &b, name) == 3 && a == 12 && b == 34);
}

static void clocks()
{
    auto before = std::chrono::system_clock::now();
    auto steady = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(10ms);
    CHECK(std::chrono::steady_clock::now() - steady >= 9ms);
    CHECK(std::chrono::system_clock::now() >= before);
    std::time_t then = 86400 * 365;
    std::tm *utc = std::gmtime(&then);
    CHECK(utc && utc->tm_year == 71 && utc->tm_mon == 0 && utc->tm_mday == 1 && utc->tm_wday == 5);
    char buffer[64];
    CHECK(std::strftime(buffer, sizeof(buffer), "%Y-%m-%d %H:%M:%S", utc) == 19);
    CHECK(!std::strcmp(buffer, "1971-01-01 00:00:00"));
    CHECK(std::clock() != std::clock_t(-1));
    std::random_device device;
    unsigned first = device(), distinct = 0;
    for (int i = 0; i < 8; i++)
        distinct += device() != first;
    CHECK(distinct > 0);
}

// --- Files ---

static void files()
{
    fs::path folder = fs::temp_directory_path() / L"decant runtime \u00e4\u20ac";
    std::error_code error;

    fs::remove_all(folder);
    CHECK(fs::create_directories(folder / "a" / "b" / "c"));
    CHECK(!fs::create_directories(folder / "a" / "b" / "c"));
    for (int i = 0; i < 20; i++)
        std::ofstream(folder / "a" / ("file" + std::to_string(i) + ".txt"), std::ios::binary)
            << std::string(i * 100, 'x');
    {
        std::ofstream lines(folder / "a" / "lines.txt");
        lines << "one\ntwo\nthree\n";
    }
    CHECK(fs::file_size(folder / "a" / "lines.txt") == 17); // text mode: CR LF
    std::ifstream in(folder / "a" / "lines.txt");
    std::string line;
    int count = 0;
    while (std::getline(in, line))
        count++;
    CHECK(count == 3);
    in.close();

    std::uintmax_t bytes = 0;
    int entries = 0, folders = 0;
    for (const auto &entry : fs::recursive_directory_iterator(folder)) {
        entries++;
        if (entry.is_directory())
            folders++;
        else
            bytes += entry.file_size();
    }
    CHECK(entries == 24 && folders == 3 && bytes == 19000 + 17);
    fs::copy(folder / "a", folder / "copy", fs::copy_options::recursive, error);
    CHECK(!error);
    CHECK(fs::exists(folder / "copy" / "b" / "c") && fs::file_size(folder / "copy" / "file7.txt") == 700);
    CHECK(fs::copy_file(folder / "a" / "file2.txt", folder / "copied.txt"));
    CHECK(fs::file_size(folder / "copied.txt") == 200);
    fs::rename(folder / "copy" / "file7.txt", folder / "renamed.txt");
    CHECK(!fs::exists(folder / "copy" / "file7.txt") && fs::file_size(folder / "renamed.txt") == 700);
    fs::resize_file(folder / "renamed.txt", 50);
    CHECK(fs::file_size(folder / "renamed.txt") == 50);

    // Windows' permissions: read-only or not.
    fs::permissions(folder / "renamed.txt", fs::perms::owner_write | fs::perms::group_write |
                    fs::perms::others_write, fs::perm_options::remove);
    CHECK((fs::status(folder / "renamed.txt").permissions() & fs::perms::owner_write) ==
          fs::perms::none);
    std::ofstream refused(folder / "renamed.txt");
    CHECK(!refused.is_open());
    fs::permissions(folder / "renamed.txt", fs::perms::owner_write, fs::perm_options::add);
    std::ofstream allowed(folder / "renamed.txt");
    CHECK(allowed.is_open());
    allowed.close();

    // libstdc++ makes no symbolic links on Windows, and says so.
    fs::create_symlink(folder / "renamed.txt", folder / "link", error);
    CHECK(error == std::errc::function_not_supported);
    CHECK(!fs::is_symlink(folder / "renamed.txt"));
    CHECK(fs::equivalent(folder / "a" / ".." / "renamed.txt", folder / "renamed.txt"));
    CHECK(fs::file_size(folder / "nothing", error) == std::uintmax_t(-1));
    CHECK(error == std::errc::no_such_file_or_directory);
    try {
        CHECK(fs::file_size(folder / "nothing") == 0);
        CHECK(false);
    } catch (const fs::filesystem_error &failed) {
        CHECK(failed.path1() == folder / "nothing");
    }
    auto now = fs::file_time_type::clock::now();
    auto written = fs::last_write_time(folder / "renamed.txt");
    CHECK(written <= now + 5s && written > now - 1h);
    fs::last_write_time(folder / "renamed.txt", now - 24h);
    CHECK(fs::last_write_time(folder / "renamed.txt") < now - 23h);
    CHECK(fs::space(folder).capacity > 0);
    fs::path before = fs::current_path();
    fs::current_path(folder);
    CHECK(fs::exists("renamed.txt") && fs::canonical("renamed.txt").filename() == "renamed.txt");
    fs::current_path(before);
    CHECK(fs::path("C:\\x\\..\\y").lexically_normal() == fs::path("C:\\y"));
    CHECK(fs::path("C:\\x").is_absolute() && !fs::path("\\x").is_absolute());

    // The C library's files: seeking, appending, temporary ones.
    std::string name = (fs::temp_directory_path() / "decant runtime.bin").string();
    std::FILE *file = std::fopen(name.c_str(), "w+b");
    CHECK(file != nullptr);
    for (int i = 0; i < 1000; i++)
        std::fwrite(&i, sizeof(i), 1, file);
    std::fseek(file, 500 * (long)sizeof(int), SEEK_SET);
    int value = 0;
    CHECK(std::fread(&value, sizeof(value), 1, file) == 1 && value == 500);
    CHECK(std::ftell(file) == 501 * (long)sizeof(int));
    std::fclose(file);
    CHECK(std::remove(name.c_str()) == 0);
    CHECK(std::remove(name.c_str()) != 0 && errno == ENOENT);
    file = std::tmpfile();
    CHECK(file != nullptr);
    if (file) {
        std::fputs("temporary", file);
        std::rewind(file);
        char buffer[32];
        CHECK(std::fgets(buffer, sizeof(buffer), file) && !std::strcmp(buffer, "temporary"));
        std::fclose(file);
    }
    CHECK(fs::remove_all(folder) == 50);
    CHECK(!fs::exists(folder));
}

static void at_exit()
{
    std::puts("at exit");
}

struct Global {
    ~Global() { std::puts("global destroyed"); }
} global;

int main(int argc, char **argv)
{
    std::setlocale(LC_ALL, "C");
    CHECK(argc == 2 && !std::strcmp(argv[1], "an \"argument\""));
    std::atexit(at_exit);
    threads();
    atomics();
    futures();
    exceptions();
    text();
    clocks();
    files();
    std::wcout << L"wide output" << std::endl;
    std::cout << "checks: " << (checks > 100) << " failures: " << failures << std::endl;
    return failures ? 1 : 7;
}
