%% A binary that is larger than a frame, and what others wait for meanwhile.
-module(bench_large).

-export([run/1]).

%% Of so many bytes.
-spec run(map()) -> ok.
run(#{large := Size}) ->
    {ok, SD} = py:shared_dict_new(),
    Binary = binary:copy(<<255>>, Size),
    Alone = waits(SD, fun() -> timer:sleep(1000) end),
    Set = waits(SD, fun() -> ok = py:shared_dict_set(SD, large, Binary) end),
    Get = waits(SD, fun() -> Binary = py:shared_dict_get(SD, large) end),
    ok = py:shared_dict_destroy(SD),
    bench_text:title(io_lib:format("Erlang: get and set of a small value while a binary of ~b MiB is ...", [Size bsr 20])),
    bench_text:table(["", "takes, ms", "small ones", "median, us", "p99, us", "longest, us"],
                     [row("(nothing)", Alone), row("set", Set), row("got", Get)]).

row(Name, {Us, Waits}) ->
    Sorted = lists:sort(Waits),
    At = fun(Share) -> bench_text:us(lists:nth(max(1, round(Share * length(Sorted))), Sorted)) end,
    [Name, io_lib:format("~b", [Us div 1000]), io_lib:format("~b", [length(Sorted)]), At(0.5), At(0.99), At(1)].

%% Microseconds that the work takes, and those of each small operation of another process.
waits(SD, Work) ->
    Self = self(),
    Other = spawn_link(fun() ->
                           Self ! {self(), ready},
                           Self ! {self(), operations(SD, [])}
                       end),
    receive {Other, ready} -> ok end,
    {Us, _} = timer:tc(Work),
    Other ! stop,
    receive {Other, Waits} -> {Us, Waits} end.

operations(SD, Waits) ->
    receive
        stop -> Waits
    after 0 ->
        {Set, ok} = timer:tc(py, shared_dict_set, [SD, small, 7]),
        {Get, 7} = timer:tc(py, shared_dict_get, [SD, small]),
        operations(SD, [Set, Get | Waits])
    end.
