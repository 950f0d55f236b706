// Clang's thread-safety attributes under short names; nothing under other compilers.
// Source: clang documentation, "Thread Safety Analysis".
#pragma once

#if defined(__clang__)
#define PYPORT_TSA(x) __attribute__((x))
#else
#define PYPORT_TSA(x)
#endif

#define CAPABILITY(name) PYPORT_TSA(capability(name))
#define SCOPED_CAPABILITY PYPORT_TSA(scoped_lockable)
#define GUARDED_BY(x) PYPORT_TSA(guarded_by(x))
#define REQUIRES(...) PYPORT_TSA(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) PYPORT_TSA(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...) PYPORT_TSA(acquire_capability(__VA_ARGS__))
#define RELEASE(...) PYPORT_TSA(release_capability(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS PYPORT_TSA(no_thread_safety_analysis)
