/* The state of grading on every page: asked for each second while something runs, each five seconds otherwise. */
var dlmathGrading = (function () {
    "use strict";
    var api = base_url + "/formgrader/api/grading";
    var unit = window.assignment_id;
    var state = null;
    var ended = [];

    function clock(seconds) {
        return Math.floor(seconds / 60) + ":" + String(Math.round(seconds) % 60).padStart(2, "0");
    }

    function about(run) {
        if (!run.students.length) return run.unit;
        var few = run.students.slice(0, 3).join(", ");
        return run.unit + " of " + few + (run.students.length > 3 ? " and " + (run.students.length - 3) + " more" : "");
    }

    function counts(verdicts) {
        return Object.keys(verdicts).map(function (v) { return verdicts[v] + " " + v; }).join(", ") || "nothing to mark";
    }

    function button(text, kind, action) {
        return $("<button type='button'/>").addClass("btn btn-xs btn-" + kind).text(text).click(action);
    }

    function runningText(run) {
        if (run.stopping) return run.stopping + " cancelled: finishing what is in hand";
        if (!run.total) return "starting";
        if (!run.rate) return run.done + " of " + run.total;
        var speed = run.rate >= 1 ? run.rate.toFixed(1) + " a second" : (1 / run.rate).toFixed(1) + " s each";
        return run.done + " of " + run.total + ", " + speed + ", " + clock(run.seconds_left) + " left";
    }

    function running(run, waiting) {
        var share = run.total ? 100 * run.done / run.total : 0;
        var bar = $("<div class='progress-bar' role='progressbar'/>").css("width", share + "%");
        var body = $("<div class='panel-body'/>").append(
            $("<div/>").append($("<b/>").text("Grading " + about(run)), " ", $("<span id='dlmath-progress'/>").text(runningText(run))),
            $("<div class='progress'/>").append(bar.toggleClass("progress-bar-striped active", !run.total || Boolean(run.stopping))),
            $("<div/>").append(
                button(run.stopping ? "Stop at once" : "Cancel", "default", cancel),
                $("<span class='text-muted'/>").text(" asked for by " + run.who)));
        waiting.forEach(function (next) {
            body.append($("<div class='text-muted'/>").text("then " + about(next) + ", asked for by " + next.who));
        });
        return $("<div class='panel panel-info'/>").append(body);
    }

    function kind(run) {
        return run.state === "failed" ? "danger" : run.state === "cancelled" || run.broken.length ? "warning" : "success";
    }

    function result(run) {
        var when = new Date(1000 * run.ended).toLocaleString();
        var body = $("<div class='panel-body'/>");
        var words = {done: "Graded ", cancelled: "Cancelled grading ", failed: "Could not grade "}[run.state];
        body.append($("<div/>").append($("<b/>").text(words + about(run)),
            $("<span class='text-muted'/>").text(" asked for by " + run.who + ", " + when + ", " + clock(run.seconds))));
        if (run.state !== "failed") {
            var text = run.graded + " graded, " + run.unchanged + " unchanged: " + counts(run.verdicts) + ".";
            if (run.manual) text += " " + run.manual + " answers wait for a person.";
            if (run.left) text += " " + run.left + " are still to be graded.";
            body.append($("<div id='dlmath-result'/>").text(text));
        }
        if (run.message) body.append($("<div id='dlmath-message'/>").text(run.message));
        if (run.broken.length) {
            var list = $("<ul id='dlmath-broken'/>");
            run.broken.forEach(function (b) {
                list.append($("<li/>").append($("<b/>").text(b.student), " ", document.createTextNode(b.why.join("; "))));
            });
            body.append($("<div/>").text("BROKEN: our fault, costs nobody marks. Mend it and grade again:"), list);
        }
        if (run.state === "failed" && run.log.length) body.append($("<pre/>").text(run.log.join("\n")));
        return $("<div class='panel'/>").addClass("panel-" + kind(run)).append(body);
    }

    function draw() {
        var place = $("#dlmath-grading").empty();
        if (state.running) place.append(running(state.running, state.waiting));
        else if (unit && state.last[unit]) place.append(result(state.last[unit]));
    }

    function take(news) {
        var before = state && state.running;
        state = news;
        draw();
        if (before && (!state.running || state.running.number !== before.number)) {
            ended.forEach(function (tell) { tell(state.last[before.unit]); });
        }
    }

    function look() {
        ask().done(take).always(function () {
            setTimeout(look, state && state.running ? 1000 : 5000);
        });
    }

    /* The hub accepts a login cookie only with this header, also where something is read. */
    function ask() {
        return $.ajax({url: api, dataType: "json", headers: {"X-CSRFToken": getCookie("_xsrf")}});
    }

    function fail(answer) {
        createModal("error-modal", "Error", "The formgrader did not answer (" + answer.status + "). Load the page again.");
    }

    function post(address, body) {
        return $.ajax({method: "POST", type: "POST", url: address, data: JSON.stringify(body || {}), contentType: "application/json"});
    }

    function refresh() { return ask().done(take); }

    function press(students, force) {
        post(api + "/start/" + encodeURIComponent(unit), {students: students, force: force}).done(refresh).fail(fail);
    }

    function cancel() { post(api + "/cancel").done(take).fail(fail); }

    return {look: look, press: press, onEnd: function (tell) { ended.push(tell); }, result: result};
})();
