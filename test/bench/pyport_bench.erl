%% `make bench': what pyport costs, side by side with what one could use instead. Run by test/bench/run.
-module(pyport_bench).

-export([main/1, start/2]).

%% Arguments: the echo program, this folder, then options: --quick (seconds instead of minutes; it shows that all
%% of it runs), --floor (ETS and echo only; needs no pyport).
-spec main([string()]) -> no_return().
main([Echo, Folder | Options]) ->
    ok = logger:set_primary_config(level, warning),     % starts and stops are not news here
    try run(Echo, effort(Folder, Options)) of
        ok -> halt(0)
    catch
        Class:Reason:Stack ->
            io:format(standard_error, "~s~n", [erl_error:format_exception(Class, Reason, Stack)]),
            halt(1)
    end.

effort(Folder, Options) ->
    [] = Options -- ["--quick", "--floor"],
    Size = case lists:member("--quick", Options) of
               true -> #{rounds => 3, slice_ms => 8, entries => 20000, expiring => 20, large => 64 bsl 20};
               false -> #{rounds => 9, slice_ms => 100, entries => 500000, expiring => 300, large => 1 bsl 30}
           end,
    Size#{callers => [1, 8, 32], folder => Folder, pyport => not lists:member("--floor", Options)}.

run(Echo, #{pyport := false} = Effort) ->
    head(Effort),
    bench_dict:run(Echo, Effort);
run(Echo, Effort) ->
    ok = start(1, Effort),
    head(Effort),
    bench_dict:run(Echo, Effort),
    bench_dict:new_and_destroy(Echo, Effort),
    bench_expiry:run(Effort),
    bench_large:run(Effort),
    bench_python:calls(Echo, Effort),
    bench_python:dict(Effort),
    bench_python:processes(Effort),
    bench_cells:run(Effort),
    bench_packages:run(Effort),
    bench_process:run(Effort).

%% Starts pyport anew with so many interpreters.
-spec start(Interpreters :: pos_integer(), map()) -> ok.
start(Interpreters, #{folder := Folder}) ->
    _ = application:stop(pyport),
    _ = application:load(pyport),
    application:set_env([{pyport, [{interpreters, Interpreters}, {python_path, [Folder]}]}]),
    {ok, _} = application:ensure_all_started(pyport),
    ok.

head(#{rounds := Rounds, slice_ms := Ms} = Effort) ->
    bench_text:title("The machine"),
    bench_text:note(io_lib:format(
                      "~s, ~b CPUs; OTP ~s, ~b schedulers; ~s; load average ~s at the start.~n"
                      "Medians of ~b interleaved slices of ~b ms each.",
                      [cpu(), erlang:system_info(logical_processors_available), erlang:system_info(otp_release),
                       erlang:system_info(schedulers_online), python(Effort), load_average(), Rounds, Ms])),
    [bench_text:note("Others were using this machine: take all of it with care.") || is_busy()],
    sizes().

sizes() ->
    bench_text:title("Sizes of the frames, bytes"),
    bench_text:table(["value", "get: request", "reply", "set: request", "reply"],
                     [[Name | [integer_to_list(N) || N <- frames(Value)]] || {Name, Value} <- bench_values:all()]).

frames(Value) ->
    {GetRequest, GetReply} = bench_values:get_bytes(Value),
    {SetRequest, SetReply} = bench_values:set_bytes(Value),
    [GetRequest, GetReply, SetRequest, SetReply].

python(#{pyport := false}) -> "no Python";
python(_) ->
    {ok, Version} = py:eval(<<"__import__('platform').python_version()">>),
    ["Python ", Version].

%% Of the moment before the first measurement: the script tells.
load_average() -> os:getenv("PYPORT_BENCH_LOAD", "unknown").

is_busy() ->
    case string:to_float(load_average()) of
        {error, _} -> false;
        {Load, _} -> Load > 0.5 * erlang:system_info(logical_processors_available)
    end.

cpu() ->
    case file:read_file("/proc/cpuinfo") of
        {ok, Info} ->
            case re:run(Info, "model name\\s*: (.*)", [{capture, all_but_first, binary}]) of
                {match, [Model]} -> Model;
                nomatch -> erlang:system_info(system_architecture)
            end;
        {error, _} -> erlang:system_info(system_architecture)
    end.
