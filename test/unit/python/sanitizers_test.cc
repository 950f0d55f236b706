// What the sanitizers have to know of this test program (no effect without them).

// A test asks for 2^60 bytes and expects MemoryError. Python keeps its objects in memory of its own, where
// the leak checker does not look for references, and interpreters are never ended.
extern "C" __attribute__((visibility("default"))) const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1:detect_leaks=0"; }
extern "C" __attribute__((visibility("default"))) const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() { return "allocator_may_return_null=1"; }
