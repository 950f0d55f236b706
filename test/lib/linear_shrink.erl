%% From a history of one key that is not linearizable to what one has to look at. Pure.
%%
%% Three times something is left out of which it is known that its absence cannot make a good history bad, so
%% that what remains is wrong for the same reason:
%%  - The end. What is linearizable is so up to any moment, what had not returned by then being unanswered; so
%%    the first answer that cannot be is the one with which the shortest bad beginning ends.
%%  - The past. Where the rest is wrong whatever the key was before, what came before does not matter. What was
%%    under way at that moment may have happened before or after it, which is to say: later or never.
%%  - Operations that nobody saw.
-module(linear_shrink).

-export([shrink/2]).

%% @doc What of linear:violation() is not known to the caller. The history is not linearizable.
-spec shrink(linear:history(), linear:model()) ->
          #{smallest := linear:history(), culprit := linear:operation(), possible := [term()]}.
shrink(History, Model) ->
    Times = lists:usort([Returned || #{returned := Returned} <- History, Returned =/= infinity]),
    End = first_bad(list_to_tuple(Times), 1, length(Times), History, Model),
    Beginning = up_to(End, History),
    [Culprit | _] = [Operation || #{returned := Returned} = Operation <- Beginning, Returned =:= End],
    {Kept, IsBad} = forget_past(lists:reverse(Times), Beginning, Model),
    IsRead = fun(#{op := Op}) -> lists:member(Op, maps:get(reads, Model)) end,
    {Reads, Writes} = lists:partition(IsRead, lists:delete(Culprit, Kept)),
    Smallest = drop_each(Reads ++ Writes, Kept, IsBad, Model),
    #{smallest => Smallest, culprit => Culprit, possible => possible(Culprit, Smallest, IsBad, Beginning, Model)}.

%%% The end

%% By halves: the beginning that ends with the High-th time is bad.
first_bad(Times, High, High, _, _) -> element(High, Times);
first_bad(Times, Low, High, History, Model) ->
    Middle = (Low + High) div 2,
    case linear:is_linearizable(up_to(element(Middle, Times), History), Model) of
        true -> first_bad(Times, Middle + 1, High, History, Model);
        false -> first_bad(Times, Low, Middle, History, Model)
    end.

up_to(End, History) -> [seen_at(End, Operation) || #{invoked := Invoked} = Operation <- History, Invoked =< End].

seen_at(End, #{returned := Returned} = Operation) when Returned > End -> unanswered(Operation);
seen_at(_, Operation) -> Operation.

unanswered(Operation) -> Operation#{result := unknown, returned := infinity}.

%%% The past

%% What returned after the latest moment that can be the first, and how to see that it is bad.
forget_past([], Beginning, Model) -> {Beginning, fun(History) -> not linear:is_linearizable(History, Model) end};
forget_past([Moment | Earlier], Beginning, #{states := States} = Model) ->
    Kept = [Operation || #{returned := Returned} = Operation <- Beginning, Returned > Moment],
    IsBad = fun(History) ->
                    After = since(Moment, History),
                    IsGood = fun(State) -> linear:is_linearizable(After, Model#{initial := State}) end,
                    not lists:any(IsGood, States(After))
            end,
    case Kept =/= [] andalso IsBad(Kept) of
        true -> {Kept, IsBad};
        false -> forget_past(Earlier, Beginning, Model)
    end;
forget_past(_, Beginning, Model) -> forget_past([], Beginning, Model).

since(Moment, History) ->
    [case Operation of
         #{invoked := Invoked} when Invoked > Moment -> Operation;
         #{} -> unanswered(Operation)
     end || Operation <- History].

%%% Operations that nobody saw

drop_each([], Kept, _, _) -> Kept;
drop_each([Operation | Operations], Kept, IsBad, #{unseen := Unseen} = Model) ->
    Less = lists:delete(Operation, Kept),
    case Unseen(Operation, Less) andalso IsBad(Less) of
        true -> drop_each(Operations, Less, IsBad, Model);
        false -> drop_each(Operations, Kept, IsBad, Model)
    end.

%%% What would have been right

%% Most of what cannot be is found out from the little that is left.
possible(#{result := Given} = Culprit, Smallest, IsBad, History, #{results := Results} = Model) ->
    With = fun(Result, Operations) -> [Culprit#{result := Result} | lists:delete(Culprit, Operations)] end,
    [Result || Result <- Results(Culprit, History), Result =/= Given, not IsBad(With(Result, Smallest)),
               linear:is_linearizable(With(Result, History), Model)].
