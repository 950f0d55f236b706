%% What a lock means: one holder at a time, who gets a number that none had before, and only he lets go. For module linear;
%% each lock for itself. The argument is who asks, and how long he waits. Pure.
%%
%% The clients have one operation, `turn': who holds the lock lets go, and who does not tries to get it. And `leave' at their
%% end, as what a client holds when it ends is free.
-module(linear_lock).

-export([model/0]).

-spec model() -> linear:model().
model() ->
    #{initial => {free, 0}, reads => [], step => fun step/4, unseen => fun(_, _) -> false end,
      hopeless => fun(_, _, _) -> false end, results => fun results/2}.

step(turn, [Client | _], {locked, Fence}, {free, Last}) when Fence > Last -> {ok, {Client, Fence}};
step(turn, [Client | _], unlocked, {Client, Fence}) -> {ok, {free, Fence}};
step(leave, [Client | _], unlocked, {Client, Fence}) -> {ok, {free, Fence}};
step(leave, [Client | _], nothing, {Holder, _} = State) when Holder =/= Client -> {ok, State};
%% a lock that waited has looked once more in the end
step(turn, [Client | _], busy, {Holder, _} = State) when Holder =/= free, Holder =/= Client -> {ok, State};
step(_, _, _, _) -> no.

results(#{op := turn}, _) -> [busy, unlocked];
results(#{op := leave}, _) -> [nothing, unlocked].
