#!/usr/bin/env escript
%% -*- erlang -*-
%% The main job on real documents: Erlang and Python work on the same dictionaries.
%%
%%     make demo                        texts that are on this machine
%%     scripts/demo FOLDER [WORDS..]  your folder, your query
%%
%% Erlang starts the port program, puts the settings into one SharedDict, lets all interpreters index
%% the documents into another (examples/indexer.py), draws a progress bar from it while they do,
%% answers ranked queries from it, and shows that a dict goes when its owner does.
-mode(compile).

-define(QUERIES, ["modified source code", "patent license", "warranty disclaimer"]).
-define(DEFAULT_FOLDERS, ["/usr/share/common-licenses", "/usr/share/doc"]).
-define(MAX_FILES, 800).

main(Args) ->
    {Folders, Queries} = arguments(Args),
    Files = documents(Folders),
    Files =/= [] orelse stop("no text documents in ~s", [lists:join(", ", Folders)]),
    Parts = start_pyport(),
    Owner = start_owner(),
    {Config, Results} = ask(Owner, dicts),
    index(Files, Parts, Owner, Config, Results),
    show_interpreters(),
    [answer(Query, Parts, Results) || Query <- Queries],
    kill_owner(Owner, Results),
    ok = application:stop(pyport),
    say("6", "Stopped: no process of pyport is left.", []).

arguments([]) -> {?DEFAULT_FOLDERS, ?QUERIES};
arguments([Folder]) -> {[Folder], ?QUERIES};
arguments([Folder | Words]) -> {[Folder], [lists:append(lists:join(" ", Words))]}.

%%% 1: start

start_pyport() ->
    Parts = max(2, min(4, erlang:system_info(schedulers_online))),
    Here = filename:dirname(filename:absname(escript:script_name())),
    ok = application:load(pyport),
    ok = application:set_env(pyport, interpreters, Parts),
    ok = application:set_env(pyport, python_path, [Here]),
    {Micros, {ok, _}} = timer:tc(fun() -> application:ensure_all_started(pyport) end),
    #{pools := #{default := #{workers := [#{os_pid := Pid}]}}} = py:info(),
    #{python := Python} = py:version(),
    say("1", "This is Erlang/OTP ~s, OS process ~s. pyport started in ~b ms:",
        [erlang:system_info(otp_release), os:getpid(), Micros div 1000]),
    more("Python ~s, ~b interpreters with a GIL each, in OS process ~b.", [Python, Parts, Pid]),
    Parts.

%%% 2: two dictionaries, owned by a process of their own

start_owner() ->
    spawn(fun() ->
                  {ok, Config} = py:shared_dict_new(),
                  {ok, Results} = py:shared_dict_new(),
                  owner({Config, Results})
          end).

owner(Dicts) ->
    receive
        {From, Ref, dicts} -> From ! {Ref, Dicts}, owner(Dicts)
    end.

ask(Pid, Question) ->
    Ref = monitor(process, Pid),
    Pid ! {self(), Ref, Question},
    receive
        {Ref, Answer} -> demonitor(Ref, [flush]), Answer;
        {'DOWN', Ref, process, Pid, Why} -> stop("the owner died: ~p", [Why])
    end.

%%% 3: index in all interpreters, with a progress bar drawn from the dict

index(Files, Parts, Owner, Config, Results) ->
    ok = py:shared_dict_set(Config, <<"settings">>, #{shortest_word => 3, most_common => 2000}),
    [ok = py:shared_dict_set(Config, key("files/~b", [Part]), Share)
     || {Part, Share} <- shares(Files, Parts)],
    say("2", "Process ~p owns two SharedDicts. Settings and ~b paths are in the first:",
        [Owner, length(Files)]),
    more("#{settings => ~p, ...}", [py:shared_dict_get(Config, <<"settings">>)]),
    say("3", "Python indexes ~b documents (~s) in ~b interpreters into the second.",
        [length(Files), human(lists:sum([filelib:file_size(F) || F <- Files])), Parts]),
    Begin = erlang:monotonic_time(millisecond),
    Calls = [py:spawn_call(indexer, index, [Config, Results, Part], #{}, 60000)
             || Part <- lists:seq(1, Parts)],
    draw(Results, Parts, Begin),
    Totals = [case py:await(Call) of
                  {ok, Total} -> Total;
                  {error, Why} -> stop("indexing failed: ~p", [Why])
              end || Call <- Calls],
    Sum = fun(Key) -> lists:sum([maps:get(Key, Total) || Total <- Totals]) end,
    #{keys := Keys, bytes := Bytes} = py:info(),
    more("~b words read; the table holds ~b keys, ~s.", [Sum(<<"words">>), Keys, human(Bytes)]).

%% Largest first to whoever has least: parts of about the same size.
shares(Files, Parts) ->
    Sized = lists:reverse(lists:sort([{filelib:file_size(F), F} || F <- Files])),
    Give = fun({Size, File}, [{Has, Part, Share} | Rest]) ->
                   lists:sort([{Has + Size, Part, [list_to_binary(File) | Share]} | Rest])
           end,
    [{Part, Share} || {_, Part, Share} <- lists:foldl(Give, [{0, P, []} || P <- lists:seq(1, Parts)], Sized)].

draw(Results, Parts, Begin) ->
    Progress = [py:shared_dict_get(Results, key("progress/~b", [Part]), #{<<"done">> => 0, <<"total">> => 1,
                                                                         <<"phase">> => <<"starting">>})
                || Part <- lists:seq(1, Parts)],
    Done = lists:sum([D || #{<<"done">> := D} <- Progress]),
    Total = max(1, lists:sum([T || #{<<"total">> := T} <- Progress])),
    Finished = lists:all(fun(#{<<"phase">> := Phase}) -> Phase =:= <<"done">> end, Progress),
    Seconds = (erlang:monotonic_time(millisecond) - Begin) / 1000,
    bar(Done, Total, Seconds, Finished),
    Seconds > 60 andalso stop("the interpreters did not finish in a minute", []),
    Finished orelse begin timer:sleep(50), draw(Results, Parts, Begin) end.

%% On a terminal the bar is redrawn in place; elsewhere one line is enough.
bar(Done, Total, Seconds, Finished) ->
    Width = 40,
    Full = Width * Done div Total,
    Line = io_lib:format("     [~s~s] ~3b % ~5.1f s", [lists:duplicate(Full, $#), lists:duplicate(Width - Full, $.),
                                                       100 * Done div Total, Seconds]),
    case io:columns() of
        {ok, _} -> io:format("\r~s~s", [Line, case Finished of true -> "\n"; false -> "" end]);
        _ when Finished -> io:format("~s~n", [Line]);
        _ -> ok
    end.

%%% 4: what the interpreters did, and queries

show_interpreters() ->
    #{pools := #{default := #{workers := [#{interpreters := Interpreters}]}}} = py:info(),
    say("4", "What the interpreters did:", []),
    [more("interpreter ~b: ~s, busy ~b ms", [Id, count(Jobs, "job", "jobs"), Busy div 1000])
     || #{id := Id, jobs_done := Jobs, busy_us := Busy} <- Interpreters].

%% BM25 over the postings, each an ordinary dict value: term -> #{Path => Count}.
answer(Query, Parts, Results) ->
    Begin = erlang:monotonic_time(microsecond),
    Words = [unicode:characters_to_binary(string:lowercase(W)) || W <- string:lexemes(Query, " ")],
    Totals = [py:shared_dict_get(Results, key("totals/~b", [P])) || P <- lists:seq(1, Parts)],
    Docs = max(1, lists:sum([D || #{<<"documents">> := D} <- Totals])),
    Average = lists:sum([W || #{<<"words">> := W} <- Totals]) / Docs,
    Scores = lists:foldl(fun(Word, Acc) -> score(postings(Word, Parts, Results), Docs, Average, Results, Acc) end,
                         #{}, Words),
    Best = lists:sublist(lists:reverse(lists:keysort(2, maps:to_list(Scores))), 3),
    Micros = erlang:monotonic_time(microsecond) - Begin,
    say("?", "~ts   (~s, ~b ms, read from the dict by Erlang)", [Query, count(map_size(Scores), "match", "matches"), Micros div 1000]),
    [begin
         #{<<"title">> := Title} = py:shared_dict_get(Results, <<"doc/", Path/binary>>),
         more("~5.2f  ~ts  ~ts", [Score, Path, Title])
     end || {Path, Score} <- Best].

postings(Word, Parts, Results) ->
    lists:foldl(fun(Part, Acc) ->
                        Key = <<(key("term/~b/", [Part]))/binary, Word/binary>>,
                        maps:merge(Acc, py:shared_dict_get(Results, Key, #{}))
                end, #{}, lists:seq(1, Parts)).

score(Postings, Docs, Average, Results, Scores) ->
    Found = map_size(Postings),
    Idf = math:log(1 + (Docs - Found + 0.5) / (Found + 0.5)),
    maps:fold(fun(Path, Times, Acc) ->
                      #{<<"words">> := Length} = py:shared_dict_get(Results, <<"doc/", Path/binary>>),
                      Part = Idf * Times * 2.2 / (Times + 1.2 * (0.25 + 0.75 * Length / Average)),
                      maps:update_with(Path, fun(S) -> S + Part end, Part, Acc)
              end, Scores, Postings).

%%% 5: a dict goes with its owner

kill_owner(Owner, Results) ->
    #{dicts := Before} = py:info(),
    Ref = monitor(process, Owner),
    exit(Owner, kill),
    receive {'DOWN', Ref, process, Owner, killed} -> ok end,
    say("5", "Killed the owner ~p. ~b dicts before, ~b now; reading one:", [Owner, Before, dicts_left(100)]),
    try py:shared_dict_get(Results, <<"totals/1">>) of
        _ -> stop("the dict outlived its owner", [])
    catch
        error:badarg:Stack ->
            #{general := Why} = maps:merge(#{general => <<"badarg">>}, explain(Stack)),
            more("error badarg: ~ts", [Why])
    end.

%% The owner's monitor fires within moments; ask until it has.
dicts_left(0) -> stop("the dicts outlived their owner", []);
dicts_left(Tries) ->
    case py:info() of
        #{dicts := 0} -> 0;
        _ -> timer:sleep(10), dicts_left(Tries - 1)
    end.

explain([{Module, _, _, Info} | _] = Stack) ->
    #{module := Formatter} = maps:merge(#{module => Module}, proplists:get_value(error_info, Info, #{})),
    Reasons = Formatter:format_error(badarg, Stack),
    #{general => maps:get(general, Reasons, maps:get(1, Reasons, <<"badarg">>))}.

%%% Documents and small helpers

%% Text files below the folders, links left out (GPL is a link to GPL-3 on Debian).
documents(Folders) -> lists:sublist(lists:append([walk(Folder) || Folder <- Folders]), ?MAX_FILES).

walk(Path) ->
    case file:read_link_info(Path) of
        {ok, Info} when element(3, Info) =:= directory ->
            {ok, Names} = file:list_dir(Path),
            lists:append([walk(filename:join(Path, Name)) || Name <- lists:sort(Names)]);
        {ok, Info} when element(3, Info) =:= regular -> [Path || is_text(Path)];
        _ -> []
    end.

is_text(Path) ->
    Extension = filename:extension(filename:rootname(Path, ".gz")),
    lists:member(Extension, ["", ".md", ".rst", ".txt", ".Debian"]) orelse lists:prefix("/usr/share/common-licenses", Path).

key(Format, Args) -> iolist_to_binary(io_lib:format(Format, Args)).

count(1, One, _) -> "1 " ++ One;
count(N, _, Many) -> integer_to_list(N) ++ " " ++ Many.

human(Bytes) when Bytes >= 1 bsl 20 -> io_lib:format("~.1f MiB", [Bytes / (1 bsl 20)]);
human(Bytes) -> io_lib:format("~b KiB", [Bytes bsr 10]).

say(Number, Format, Args) -> io:format("~n ~s   " ++ Format ++ "~n", [Number | Args]).
more(Format, Args) -> io:format("     " ++ Format ++ "~n", Args).

-spec stop(string(), list()) -> no_return().
stop(Format, Args) ->
    io:format(standard_error, "demo: " ++ Format ++ "~n", Args),
    halt(1).
