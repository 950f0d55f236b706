%% Measures contenders side by side: slices of time A B C A B C ..., so that a change of the machine's mood
%% falls on all of them, then medians.
-module(bench_measure).

-export([compare/3, contender/2, us/1, per_second/1, ratio/2, median/1]).
-export_type([contender/0, effort/0, result/0]).

%% start(Callers) runs in the measuring process and gives two funs: worker(I) runs in the I-th caller and
%% gives the operation; stop() ends what start began.
-type operation() :: fun(() -> term()).
-type contender() :: {Name :: atom(),
                      Start :: fun((pos_integer()) -> {Worker :: fun((pos_integer()) -> operation()),
                                                       Stop :: fun(() -> term())})}.
-type effort() :: #{rounds := pos_integer(), slice_ms := pos_integer(), _ => _}.
%% Operations a second of each round, all callers together.
-type result() :: #{Name :: atom() => [float()]}.

%% A contender that needs no start and no stop.
-spec contender(atom(), operation()) -> contender().
contender(Name, Operation) ->
    {Name, fun(_Callers) -> {fun(_I) -> Operation end, fun() -> ok end} end}.

-spec compare([contender()], Callers :: pos_integer(), effort()) -> result().
compare(Contenders, Callers, #{rounds := Rounds, slice_ms := Ms}) ->
    Running = [start(Contender, Callers) || Contender <- Contenders],
    lists:foreach(fun(R) -> slice(R, Ms) end, Running),     % to warm up
    Slices = [slice(R, Ms) || _ <- lists:seq(1, Rounds), R <- Running],
    lists:foreach(fun stop/1, Running),
    lists:foldr(fun({Name, Rate}, Acc) ->
                        maps:update_with(Name, fun(Rates) -> [Rate | Rates] end, [Rate], Acc)
                end, #{}, Slices).

%% Microseconds of one operation when there is one caller.
-spec us([float()]) -> float().
us(Rates) -> 1.0e6 / median(Rates).

-spec per_second([float()]) -> float().
per_second(Rates) -> median(Rates).

%% How many times longer A takes than B: the median over the rounds.
-spec ratio([float()], [float()]) -> float().
ratio(A, B) -> median(lists:zipwith(fun(RateA, RateB) -> RateB / RateA end, A, B)).

-spec median([number()]) -> number().
median(Numbers) -> lists:nth((length(Numbers) + 1) div 2, lists:sort(Numbers)).

%%% One contender: a process for each caller

start({Name, Start}, Callers) ->
    {Worker, Stop} = Start(Callers),
    Parent = self(),
    Pids = [spawn_link(fun() -> begin_worker(Parent, Worker(I)) end) || I <- lists:seq(1, Callers)],
    lists:foreach(fun(Pid) -> receive {ready, Pid} -> ok end end, Pids),
    {Name, Pids, Stop}.

stop({_Name, Pids, Stop}) ->
    lists:foreach(fun(Pid) ->
                          Monitor = monitor(process, Pid),
                          Pid ! stop,
                          receive {'DOWN', Monitor, process, Pid, _} -> ok end
                  end, Pids),
    Stop().

%% Operations a second in one slice of time. All callers stop at the same moment, and the clock stands when the
%% last of them has: a caller that had to wait for a scheduler is not counted as if it had been alone.
slice({Name, Pids, _Stop}, Ms) ->
    Run = make_ref(),
    Begin = erlang:monotonic_time(),
    Until = Begin + erlang:convert_time_unit(Ms, millisecond, native),
    lists:foreach(fun(Pid) -> Pid ! {go, Run, Until} end, Pids),
    Count = lists:sum([receive {Run, Pid, N} -> N end || Pid <- Pids]),
    {Name, Count * erlang:convert_time_unit(1, second, native) / (erlang:monotonic_time() - Begin)}.

begin_worker(Parent, Operation) ->
    Parent ! {ready, self()},
    serve(Parent, Operation).

serve(Parent, Operation) ->
    receive
        {go, Run, Until} ->
            Parent ! {Run, self(), repeat(Operation, Until, 0)},
            serve(Parent, Operation);
        stop -> ok
    end.

%% The clock is read once in eight operations: an ETS lookup costs little more than reading it.
repeat(Operation, Until, Count) ->
    Operation(), Operation(), Operation(), Operation(),
    Operation(), Operation(), Operation(), Operation(),
    case erlang:monotonic_time() < Until of
        true -> repeat(Operation, Until, Count + 8);
        false -> Count + 8
    end.
