%% The port program as a process: how long it takes to start, how much memory it has.
-module(bench_process).

-export([run/1]).

-spec run(map()) -> ok.
run(#{rounds := Rounds, entries := Entries} = Effort) ->
    Starts = min(Rounds, 5),
    {OneMs, OneBytes} = start_up(1, Starts, Effort),
    {FiveMs, FiveBytes} = start_up(5, Starts, Effort),
    bench_text:title("The port program"),
    bench_text:table(
      ["", ""],
      [["start until Python takes jobs, 1 interpreter, ms", bench_text:us(OneMs)],
       ["start until Python takes jobs, 5 interpreters, ms", bench_text:us(FiveMs)],
       ["resident memory with 1 interpreter, MiB", bench_text:mib(OneBytes)],
       ["each further interpreter, MiB", bench_text:mib((FiveBytes - OneBytes) / 4)],
       [io_lib:format("each dict entry (12 byte key, int), bytes, over ~b", [Entries]),
        bench_text:ns(entry_bytes(Entries))]]).

%% Medians of milliseconds and resident bytes over fresh starts.
start_up(Interpreters, Starts, Effort) ->
    Measured = [fresh(Interpreters, Effort) || _ <- lists:seq(1, Starts)],
    {bench_measure:median([Ms || {Ms, _} <- Measured]), bench_measure:median([Bytes || {_, Bytes} <- Measured])}.

fresh(Interpreters, Effort) ->
    _ = application:stop(pyport),
    {Us, ok} = timer:tc(pyport_bench, start, [Interpreters, Effort]),
    {Us / 1000, resident()}.

entry_bytes(Entries) ->
    {ok, Dict} = py:shared_dict_new(),
    {ok, 1} = py:call(python_bench, fill, [Dict, 1]),
    Before = used(),
    {ok, Entries} = py:call(python_bench, fill, [Dict, Entries], #{}, infinity),
    Bytes = (used() - Before) / Entries,
    ok = py:shared_dict_destroy(Dict),
    Bytes.

%% Of the OS process that runs Python, without the pages of the table.
resident() ->
    #{pools := #{default := #{workers := [#{os_pid := Pid}]}}} = py:info(),
    {ok, Status} = file:read_file(io_lib:format("/proc/~b/status", [Pid])),
    {match, [KiB]} = re:run(Status, "RssAnon:\\s+(\\d+) kB", [{capture, all_but_first, binary}]),
    binary_to_integer(KiB) * 1024.

%% Bytes of the table's file that are in use.
used() ->
    #{used := Used} = py:info(),
    Used.
