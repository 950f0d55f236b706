%% What the clients of one history do: PropEr generates it.
-module(linear_program).

-export([program/1]).

-export_type([program/0, step/0, place/0, victim/0]).

%% What PropEr's header says of these; Debian puts the header into a package of its own.
-import(proper_types, [range/2, oneof/1, frequency/1, vector/2]).
-define(LET(X, Type, Generator), proper_types:bind(Type, fun(X) -> Generator end, false)).

-type step() :: {set | get | del | contains, Key :: binary(), Form :: 0..15, PauseMicros :: non_neg_integer()}
              | linear_steps:step().
-type place() :: term().    % where Python runs: of the recorder's environment
-type victim() :: term().   % whose OS process can be killed: likewise
-type program() :: #{kind := linear_steps:kind(),
                     keys := [binary()],
                     erlang := [[step()]],                % a process each
                     python := [{place(), [[step()]]}],   % one call each, of a thread for each list
                     kills := [{victim(), AfterMicros :: non_neg_integer()}]}.

-define(KEYS, [<<"a">>, <<"b">>, <<"c">>]).
-define(MOST_STEPS, 20).

%% @doc Of registers, or of one of the other themes.
program(#{themes := Themes} = Env) ->
    ?LET(Theme, oneof(Themes), case Theme of register -> registers(Env); _ -> whole(Theme, Env) end).

%% At most 5 clients with 10 steps each, as the checker has to look at the dict as a whole. Locks know of their holders' end:
%% of clients that are killed nothing would be known.
whole(Theme, #{places := Places, victims := Victims, kills := {KillIn, Of}}) ->
    Steps = fun(Language) -> linear_steps:steps(Theme, Language) end,
    Kills = frequency([{Of - KillIn, []} || KillIn < Of orelse Theme =:= lock]
                      ++ [{KillIn, kills(Victims)} || Victims =/= [], KillIn > 0, Theme =/= lock]),
    ?LET({Chosen, Erlang, Killed}, {oneof([[1], [2], [1, 1], [1, 2]]), clients(Steps(erlang), 1, 2), Kills},
         ?LET({Where, Threads}, {shuffled(Places), [vector(N, Steps(python)) || N <- Chosen]},
              #{kind => linear_steps:kind(Theme), keys => [], erlang => Erlang, kills => Killed,
                python => lists:zip(lists:sublist(Where, length(Chosen)), Threads)})).

%% At most 8 clients with 20 steps each, on one to three keys. Only some programs have kills; those are longer, and
%% most of their time goes into operations on large values, so that something is there to be hit.
registers(#{places := Places, victims := Victims, kills := {KillIn, Of}}) ->
    ?LET(Keys, ?LET(N, range(1, length(?KEYS)), lists:sublist(?KEYS, N)),
         frequency([{Of - KillIn, program(Keys, Places, [], steps(Keys, 1, form(), pause()))} || KillIn < Of]
                   ++ [{KillIn, program(Keys, Places, Victims, long_steps(Keys))} || Victims =/= [], KillIn > 0])).

program(Keys, Places, Victims, Steps) ->
    ?LET({Erlang, Python, Kills}, {clients(Steps, 0, 3), python(Places, Steps), kills(Victims)},
         #{kind => register, keys => Keys, erlang => Erlang, python => Python, kills => Kills}).

%% As many places as there are at most: threads of several interpreters, and several of one.
python(Places, Steps) ->
    ?LET(Chosen, range(1, min(3, length(Places))),
         ?LET(Where, shuffled(Places), [{Place, clients(Steps, 1, 2)} || Place <- lists:sublist(Where, Chosen)])).

shuffled(List) ->
    ?LET(Marks, vector(length(List), range(1, 1000)), [E || {_, E} <- lists:sort(lists:zip(Marks, List))]).

clients(Steps, Least, Most) -> ?LET(N, range(Least, Most), vector(N, Steps)).

long_steps(Keys) -> steps(Keys, ?MOST_STEPS div 2, large_form(), short_pause()).

steps(Keys, Least, Form, Pause) -> ?LET(N, range(Least, ?MOST_STEPS), vector(N, step(Keys, Form, Pause))).

step(Keys, Form, Pause) -> ?LET({Op, Key, F, Micros}, {op(), oneof(Keys), Form, Pause}, {Op, Key, F, Micros}).

op() -> frequency([{8, set}, {9, get}, {2, del}, {1, contains}]).

%% The larger, the rarer.
form() -> frequency([{6, range(0, 6)}, {3, range(10, 14)}, {2, oneof([7, 8, 15])}, {1, 9}]).

large_form() -> frequency([{1, form()}, {3, oneof([8, 9, 12, 15])}]).

pause() -> frequency([{6, 0}, {2, range(1, 20)}, {1, range(20, 200)}]).

short_pause() -> frequency([{2, 0}, {1, range(1, 50)}]).

kills([]) -> [];
kills(Victims) -> ?LET(N, frequency([{3, 1}, {1, 2}]), vector(N, kill(Victims))).

kill(Victims) -> {oneof(Victims), range(0, 2500)}.
