// SPDX-License-Identifier: LGPL-2.1-or-later
// What C++ programs do: exceptions (through destructors, across a DLL), threads, futures,
// iostreams, std::filesystem. Prints a fixed text.
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace fs = std::filesystem;

extern "C" __declspec(dllimport) void thrower(int n);
thread_local int per_thread = 5;

struct Guard {
    ~Guard() { std::cout << "destroyed\n"; }
};

static void descend(int depth)
{
    Guard guard;

    if (!depth)
        throw std::out_of_range("the bottom");
    descend(depth - 1);
}

static void files()
{
    fs::path folder = fs::temp_directory_path() / "decant c++ test";

    fs::remove_all(folder);
    fs::create_directories(folder / "a" / "b");
    std::ofstream(folder / "a" / "file.txt") << "hello";
    int entries = 0;
    for (const auto &entry : fs::recursive_directory_iterator(folder))
        entries += entry.exists();
    std::cout << entries << " entries, " << fs::file_size(folder / "a" / "file.txt") << " bytes\n";
    fs::rename(folder / "a" / "file.txt", folder / "moved.txt");
    std::cout << fs::exists(folder / "moved.txt") << fs::exists(folder / "a" / "file.txt") << "\n";
    std::string text;
    std::ifstream(folder / "moved.txt") >> text;
    std::cout << text << " " << fs::remove_all(folder) << "\n";
}

int main()
{
    try {
        descend(2);
    } catch (const std::exception &error) {
        std::cout << "caught " << error.what() << "\n";
    }
    try {
        thrower(7);
    } catch (const std::runtime_error &error) {
        std::cout << "caught " << error.what() << "\n";
    }
    std::vector<std::thread> threads;
    std::mutex mutex;
    int count = 0;
    for (int i = 0; i < 4; i++)
        threads.emplace_back([&] {
            per_thread++;
            for (int k = 0; k < 1000; k++) {
                std::lock_guard<std::mutex> lock(mutex);
                count++;
            }
        });
    for (auto &thread : threads)
        thread.join();
    std::cout << count << " " << per_thread << "\n";
    std::cout << std::async(std::launch::async, [] { return 6 * 7; }).get() << "\n";
    files();
    std::cout.flush();
    return 3;
}
